/** Limits the size of responses while they are created: of each one, and of all together. */
import { GraphQLError } from 'graphql'

/** Smaller responses are not added up: 2,000 connections have 40 MB of them at most. */
const smallAnswerBytes = 20_000

export interface AnswerLimits {
  /** Bytes of strings and field names in one response. */
  readonly maxResponseBytes: number
  /** Bytes of all responses that are created at the same time, with the responses of Callbell for them. */
  readonly maxTotalBytes: number
}

/** 1,000 typical contacts with all fields take about 1 MB. */
export const answerLimits: AnswerLimits = { maxResponseBytes: 8_000_000, maxTotalBytes: 48_000_000 }

/** The response is too large. Changes that were made keep their outcome. */
export class ResponseTooLarge extends GraphQLError {
  constructor(message: string, retryable: boolean) {
    super(message, { extensions: { code: 'RESPONSE_TOO_LARGE', retryable } })
  }
}

/** Measures one response. */
export interface AnswerSize {
  /** Why the response is given up; undefined as long as it is not. */
  readonly excess: ResponseTooLarge | undefined
  /**
   * Adds to the response.
   *
   * @throws ResponseTooLarge once the response exceeds a limit
   */
  add(bytes: number): void
  /** Counts a response of Callbell that is kept in memory, towards the limit of all responses. */
  hold(bytes: number): void
  /** To be called when the response has been written or given up. Nothing is counted afterwards. */
  release(): void
}

/** @returns a function that starts to measure a response */
export function createAnswerSizes(limits: AnswerLimits): () => AnswerSize {
  /** Responses that are large enough to be added up, which few are. */
  const large = new Set<Answer>()
  let total = 0

  /** The largest response is given up, so that typical responses are not affected. */
  function stopLargest(): void {
    let largest: Answer | undefined
    for (const answer of large) {
      if (answer.excess === undefined && answer.counted > (largest?.counted ?? 0)) largest = answer
    }
    largest?.stop(
      new ResponseTooLarge(
        `Too many large responses at the same time: together at most ${count(limits.maxTotalBytes)} bytes, and this one has the most, ${count(largest.counted)}. Select less, or try again later.`,
        true,
      ),
    )
  }

  class Answer implements AnswerSize {
    bytes = 0
    excess: ResponseTooLarge | undefined
    /** Its bytes in the sum of all responses. */
    counted = 0
    private heldBytes = 0
    private isReleased = false

    add(bytes: number): void {
      // A response that was given up does not grow, and affects no other.
      if (this.excess) throw this.excess
      this.bytes += bytes
      if (this.bytes > limits.maxResponseBytes) this.stop(this.isTooLarge())
      this.count()
      if (this.excess) throw this.excess
    }

    hold(bytes: number): void {
      this.heldBytes += bytes
      this.count()
    }

    stop(excess: ResponseTooLarge): void {
      this.excess ??= excess
    }

    release(): void {
      this.isReleased = true
      total -= this.counted
      this.counted = 0
      large.delete(this)
    }

    private count(): void {
      const bytes = this.bytes + this.heldBytes
      if (bytes <= smallAnswerBytes || this.isReleased) return
      if (this.counted === 0) large.add(this)
      total += bytes - this.counted
      this.counted = bytes
      if (total > limits.maxTotalBytes) stopLargest()
    }

    private isTooLarge(): ResponseTooLarge {
      const message = `Response too large: at most ${count(limits.maxResponseBytes)} bytes of strings and field names, and it has at least ${count(this.bytes)}. Select less, or lower \`first\`.`
      return new ResponseTooLarge(message, false)
    }
  }

  return () => new Answer()
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** Characters of a string that is not measured, because that takes longer than all other work for it. */
const shortText = 100
const maxBytesPerCharacter = 3

/** @returns the bytes of a string in UTF-8; for a short string, the most that it can have */
export function bytesOf(text: string): number {
  return text.length <= shortText ? text.length * maxBytesPerCharacter : Buffer.byteLength(text)
}
