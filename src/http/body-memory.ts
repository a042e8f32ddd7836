/** One bound for the memory of all request bodies that are still arriving or wait to be read. */
import { RequestError } from '../graphql/request-error.ts'

/** A request body that holds memory. */
export interface HeldBody {
  /** Bytes that are allocated for it. */
  readonly allocatedBytes: number
  /** Gives its memory back. Its reader gets the reason. */
  reject(reason: RequestError): void
}

/** Milliseconds: about as long as the sender of a large body needs to send it again. */
const retryAfterMs = 1000

/**
 * Counts the bytes that bodies have allocated. Above the limit, the largest unfinished body is rejected,
 * and the oldest of equally large ones. Age alone would be unfair: an attacker who opens ever new bodies
 * would push out every slow caller. With size, a body of up to `limitBytes` / (number of connections)
 * bytes is never rejected, whatever others send.
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
      const largest = this.#takeLargest()
      largest?.reject(this.#overloaded())
    }
    if (this.#isExceeded()) body.reject(this.#overloaded())
  }

  /** From now on the body may be rejected to make room for others. */
  start(body: HeldBody): void {
    this.#unfinished.add(body)
  }

  /** The body has arrived and is no longer rejected to make room for others. */
  finish(body: HeldBody): void {
    this.#unfinished.delete(body)
  }

  /** The body gives all its bytes back. */
  free(body: HeldBody): void {
    this.#unfinished.delete(body)
    this.#allocatedBytes -= body.allocatedBytes
  }

  #isExceeded(): boolean {
    return this.#allocatedBytes > this.#limitBytes
  }

  #takeLargest(): HeldBody | undefined {
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
      message: `The gateway is receiving too many large request bodies: they take ${allocated} bytes of memory, and the limit is ${limit} bytes`,
      retryable: true,
      retryAfterMs,
    })
  }
}
