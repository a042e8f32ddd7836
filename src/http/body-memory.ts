/** Limits the memory of all request bodies that are still arriving or have not been read. */
import { RequestError } from '../graphql/request-error.ts'

/** A request body that holds memory. */
export interface HeldBody {
  /** Bytes that are allocated for it. */
  readonly allocatedBytes: number
  /** Frees its memory. Its reader rejects with the reason. */
  reject(reason: RequestError): void
}

/** Milliseconds: about as long as the sender of a large body needs to send it again. */
const retryAfterMs = 1000

/**
 * Counts the bytes that bodies have allocated. Above the limit, the largest unfinished body is rejected,
 * and the oldest of equally large ones. Age alone would be unfair: an attacker that keeps opening bodies
 * would evict every slow caller. By size, a body of up to `limitBytes` / (number of connections) bytes is
 * never rejected because of others.
 */
export class BodyMemory {
  readonly #limitBytes: number
  #allocatedBytes = 0
  /** Oldest first. */
  readonly #unfinished = new Set<HeldBody>()

  /** @param limitBytes of all bodies together */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /**
   * Counts bytes that have been added to `body.allocatedBytes`. Above the limit it rejects other bodies,
   * or this one.
   */
  allocate(body: HeldBody, bytes: number): void {
    this.#allocatedBytes += bytes
    while (this.#isExceeded() && this.#unfinished.size > 0) {
      const largest = this.#removeLargest()
      largest?.reject(this.#overloaded())
    }
    if (this.#isExceeded()) body.reject(this.#overloaded())
  }

  /** Registers a body. From now on it may be rejected to free memory for others. */
  start(body: HeldBody): void {
    this.#unfinished.add(body)
  }

  /** The body has arrived, and is no longer rejected to free memory for others. */
  finish(body: HeldBody): void {
    this.#unfinished.delete(body)
  }

  /** The body has freed all its bytes. */
  free(body: HeldBody): void {
    this.#unfinished.delete(body)
    this.#allocatedBytes -= body.allocatedBytes
  }

  #isExceeded(): boolean {
    return this.#allocatedBytes > this.#limitBytes
  }

  #removeLargest(): HeldBody | undefined {
    let largest: HeldBody | undefined
    for (const body of this.#unfinished) {
      if (largest === undefined || body.allocatedBytes > largest.allocatedBytes) largest = body
    }
    if (largest) this.#unfinished.delete(largest)
    return largest
  }

  #overloaded(): RequestError {
    const allocated = this.#allocatedBytes.toLocaleString('en-US')
    const limit = this.#limitBytes.toLocaleString('en-US')
    return new RequestError({
      status: 503,
      code: 'OVERLOADED',
      message: `The gateway is receiving too many large request bodies: they take ${allocated} bytes of memory, and the limit is ${limit} bytes.`,
      retryable: true,
      retryAfterMs,
    })
  }
}
