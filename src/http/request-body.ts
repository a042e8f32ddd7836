/** Collects the body of one request in one growing buffer, within bounds. */
import { RequestError } from '../graphql/request-error.ts'
import type { BodyMemory, HeldBody } from './body-memory.ts'

/** In bytes. A mutation with ten contacts takes a few kilobytes. */
export const maxBodyBytes = 100_000
/** The first allocation for a body that arrives in several chunks. It doubles from there. */
const firstAllocationBytes = 4096
/**
 * Each chunk costs about a microsecond, even if it is small. Clients write kilobytes at a time. A client that
 * sends a small body byte by byte is accepted, too.
 */
const freeChunks = 2000
const bytesPerExtraChunk = 50

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

  /** @param declaredBytes the `content-length`; undefined: the body is chunked */
  constructor(memory: BodyMemory, declaredBytes: number | undefined) {
    this.#memory = memory
    this.#declaredBytes = declaredBytes
    if (declaredBytes !== undefined && declaredBytes > maxBodyBytes) {
      this.reject(tooLarge(declaredBytes.toLocaleString('en-US')))
    }
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes
  }

  /** Whether all declared bytes have arrived, even if the parser has not reached the end of the request. */
  get isWhole(): boolean {
    return this.#state !== 'REJECTED' && this.#size === this.#declaredBytes
  }

  get isRejected(): boolean {
    return this.#state === 'REJECTED'
  }

  /** Adds a chunk. @returns false if the body has been rejected */
  receive(chunk: Buffer): boolean {
    if (this.#state !== 'ARRIVING') return false
    this.#chunks += 1
    const size = this.#size + chunk.length
    if (size > maxBodyBytes) this.reject(tooLarge(`at least ${size.toLocaleString('en-US')}`))
    else if (this.#chunks > freeChunks + size / bytesPerExtraChunk)
      this.reject(tooManyChunks(this.#chunks, size))
    else this.#append(chunk, size)
    return !this.isRejected
  }

  /** The request has arrived completely. */
  finish(): void {
    if (this.#state !== 'ARRIVING') return
    this.#state = 'ARRIVED'
    this.#memory.finish(this)
    this.#reader?.resolve(this.#take())
  }

  /** Discards the body and frees its memory. Its reader rejects with the reason. */
  reject(reason: RequestError): void {
    if (this.#state === 'READ' || this.#state === 'REJECTED') return
    this.#state = 'REJECTED'
    this.#rejection = reason
    this.#free()
    this.#reader?.reject(reason)
  }

  /**
   * Reads the body. Call it once.
   *
   * @returns the body; if it has not arrived yet, a promise that rejects with the reason of `reject`
   */
  read(): Buffer | Promise<Buffer> {
    if (this.#state === 'ARRIVED') return this.#take()
    this.#reader ??= Promise.withResolvers<Buffer>()
    if (this.#rejection) this.#reader.reject(this.#rejection)
    return this.#reader.promise
  }

  #append(chunk: Buffer, size: number): void {
    if (chunk.length === this.#declaredBytes) {
      // The common case: one chunk, which is not copied.
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
    const length = Math.min(wanted, this.#declaredBytes ?? maxBodyBytes)
    this.#allocate(length - this.#bytes.length)
    if (this.isRejected) return
    // Not from Node's pool: a slice would keep the whole pool in memory.
    const grown = Buffer.allocUnsafeSlow(length)
    this.#bytes.copy(grown)
    this.#bytes = grown
  }

  #allocate(bytes: number): void {
    this.#allocatedBytes += bytes
    this.#memory.allocate(this, bytes)
  }

  /** @returns the body, which is no longer counted */
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
    message: `The request body has ${measured} bytes; the limit is ${maxBodyBytes.toLocaleString('en-US')} bytes.`,
  })
}

function tooManyChunks(chunks: number, size: number): RequestError {
  const [measured, free] = [chunks, freeChunks].map((count) => count.toLocaleString('en-US'))
  return new RequestError({
    status: 400,
    message: `The request body has ${measured} chunks for ${size.toLocaleString('en-US')} bytes; the limit is ${free} chunks and one more for each ${bytesPerExtraChunk} bytes.`,
  })
}
