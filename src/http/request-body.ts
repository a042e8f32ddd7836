/** The body of one request: collected in one growing buffer, within bounds of its own. */
import { RequestError } from '../graphql/request-error.ts'
import type { BodyMemory, HeldBody } from './body-memory.ts'

/** A mutation with ten contacts takes a few kilobytes. */
export const largestBodyBytes = 100_000
/** What is allocated for a body that does not arrive in one piece. It doubles from there. */
const firstAllocationBytes = 4096
/**
 * Each chunk costs about a microsecond, however small it is. Clients write kilobytes at a time. One that
 * sends a small body byte by byte is served, too.
 */
const freeChunks = 2000
const bytesPerFurtherChunk = 50

const nothing: Buffer = Buffer.alloc(0)

export class RequestBody implements HeldBody {
  readonly #memory: BodyMemory
  readonly #declaredBytes: number | undefined
  #bytes = nothing
  #size = 0
  #chunks = 0
  #allocatedBytes = 0
  #state: 'ARRIVING' | 'ARRIVED' | 'READ' | 'REJECTED' = 'ARRIVING'
  #rejection: RequestError | undefined
  #reader: PromiseWithResolvers<Buffer> | undefined

  /** @param declaredBytes the `content-length`; undefined: the body comes in chunks */
  constructor(memory: BodyMemory, declaredBytes: number | undefined) {
    this.#memory = memory
    this.#declaredBytes = declaredBytes
    if (declaredBytes !== undefined && declaredBytes > largestBodyBytes) {
      this.reject(tooLarge(declaredBytes.toLocaleString('en-US')))
    }
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes
  }

  /** Whether all declared bytes are here, even if the parser has not come to the end of the request. */
  get isWhole(): boolean {
    return this.#state !== 'REJECTED' && this.#size === this.#declaredBytes
  }

  get isRejected(): boolean {
    return this.#state === 'REJECTED'
  }

  /** @returns whether more may follow; false: the body has been rejected */
  receive(chunk: Buffer): boolean {
    if (this.#state !== 'ARRIVING') return false
    this.#chunks += 1
    const size = this.#size + chunk.length
    if (size > largestBodyBytes) this.reject(tooLarge(`at least ${size.toLocaleString('en-US')}`))
    else if (this.#chunks > freeChunks + size / bytesPerFurtherChunk)
      this.reject(tooManyChunks(this.#chunks, size))
    else this.#append(chunk, size)
    return !this.isRejected
  }

  /** The request has arrived to its end. */
  finish(): void {
    if (this.#state !== 'ARRIVING') return
    this.#state = 'ARRIVED'
    this.#memory.finish(this)
    this.#reader?.resolve(this.#take())
  }

  /** The body is given up: its memory is free, and its reader gets the reason. */
  reject(reason: RequestError): void {
    if (this.#state === 'READ' || this.#state === 'REJECTED') return
    this.#state = 'REJECTED'
    this.#rejection = reason
    this.#free()
    this.#reader?.reject(reason)
  }

  /**
   * To be called once.
   *
   * @returns the body; a promise where it has not arrived yet, which rejects with Refused if it is rejected
   */
  read(): Buffer | Promise<Buffer> {
    if (this.#state === 'ARRIVED') return this.#take()
    this.#reader ??= Promise.withResolvers<Buffer>()
    if (this.#rejection) this.#reader.reject(this.#rejection)
    return this.#reader.promise
  }

  #append(chunk: Buffer, size: number): void {
    if (chunk.length === this.#declaredBytes) {
      // The common case: one piece, which need not be copied.
      this.#allocate(chunk.length)
      if (!this.isRejected) this.#bytes = chunk
    } else {
      if (this.#size === 0) this.#memory.start(this)
      if (size > this.#bytes.length) this.#grow(size)
      if (!this.isRejected) chunk.copy(this.#bytes, this.#size)
    }
    this.#size = size
  }

  #grow(size: number): void {
    const wanted = Math.max(firstAllocationBytes, 2 * this.#bytes.length, size)
    const length = Math.min(wanted, this.#declaredBytes ?? largestBodyBytes)
    this.#allocate(length - this.#bytes.length)
    if (this.isRejected) return
    // Memory of its own: a slice of a shared pool would keep the whole pool.
    const grown = Buffer.allocUnsafeSlow(length)
    this.#bytes.copy(grown)
    this.#bytes = grown
  }

  #allocate(bytes: number): void {
    this.#allocatedBytes += bytes
    this.#memory.allocate(this, bytes)
  }

  /** Gives the body away, and its memory back. */
  #take(): Buffer {
    const body = this.#size === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#size)
    this.#state = 'READ'
    this.#free()
    return body
  }

  #free(): void {
    this.#memory.free(this)
    this.#allocatedBytes = 0
    this.#bytes = nothing
  }
}

function tooLarge(measured: string): RequestError {
  return new RequestError({
    status: 413,
    code: 'REQUEST_ENTITY_TOO_LARGE',
    message: `The request body has ${measured} bytes; the limit is ${largestBodyBytes.toLocaleString('en-US')} bytes`,
  })
}

function tooManyChunks(chunks: number, size: number): RequestError {
  const [measured, free] = [chunks, freeChunks].map((count) => count.toLocaleString('en-US'))
  return new RequestError({
    status: 400,
    message: `The request body came in ${measured} chunks with ${size.toLocaleString('en-US')} bytes; the limit is ${free} chunks and one more for each ${bytesPerFurtherChunk} bytes`,
  })
}
