/** How large answers may become while they are made: each one, and all of them together. */
import { GraphQLError } from 'graphql'

/** Smaller answers are not worth counting together: 2,000 connections make 40 MB of them at most. */
const smallAnswerBytes = 20_000

export interface AnswerLimits {
  /** Bytes of texts and field names in one answer. */
  readonly largestAnswerBytes: number
  /** Bytes of all answers that are being made at the same time, with what Callbell answered for them. */
  readonly allAnswersBytes: number
}

/** 1,000 ordinary contacts with all their fields take about 1 MB. */
export const answerLimits: AnswerLimits = { largestAnswerBytes: 8_000_000, allAnswersBytes: 48_000_000 }

/** The answer is too large to be made. What ran before keeps its outcome. */
export class ResponseTooLarge extends GraphQLError {
  constructor(message: string, retryable: boolean) {
    super(message, { extensions: { code: 'RESPONSE_TOO_LARGE', retryable } })
  }
}

/** Counts one answer. */
export interface AnswerSize {
  /** Why the answer is not made any further; undefined while it is. */
  readonly excess: ResponseTooLarge | undefined
  /**
   * Adds to the answer.
   *
   * @throws ResponseTooLarge from the first byte too many on
   */
  add(bytes: number): void
  /** Counts what Callbell has answered for it, and is kept until it is made, with all answers together. */
  hold(bytes: number): void
  /** To be called when the answer has been written or given up. Nothing counts behind it. */
  release(): void
}

/** @returns a function that begins an answer */
export function createAnswerSizes(limits: AnswerLimits): () => AnswerSize {
  /** The answers that are large enough to count, which few are. */
  const large = new Set<Answer>()
  let total = 0

  /** Whoever takes most of the memory gives it back, so that ordinary answers are made next to it. */
  function stopLargest(): void {
    let largest: Answer | undefined
    for (const answer of large) {
      if (answer.excess === undefined && answer.counted > (largest?.counted ?? 0)) largest = answer
    }
    largest?.stop(
      new ResponseTooLarge(
        `Too many large responses at the same time: together at most ${count(limits.allAnswersBytes)} bytes, and this one has the most, ${count(largest.counted)}. Select less, or try again later.`,
        true,
      ),
    )
  }

  class Answer implements AnswerSize {
    bytes = 0
    excess: ResponseTooLarge | undefined
    /** Of all bytes, in the sum of all answers. */
    counted = 0
    private heldBytes = 0
    private isReleased = false

    add(bytes: number): void {
      // What is given up does not grow, and takes no other answer with it.
      if (this.excess) throw this.excess
      this.bytes += bytes
      if (this.bytes > limits.largestAnswerBytes) this.stop(this.isTooLarge())
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
      if (total > limits.allAnswersBytes) stopLargest()
    }

    private isTooLarge(): ResponseTooLarge {
      const message = `Response too large: at most ${count(limits.largestAnswerBytes)} bytes of strings and field names, and it has at least ${count(this.bytes)}. Select less, or lower \`first\`.`
      return new ResponseTooLarge(message, false)
    }
  }

  return () => new Answer()
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** Characters up to which a text is not measured, which takes longer than all else that is done for it. */
const shortText = 100
const mostBytesOfCharacter = 3

/** @returns the bytes of a text in UTF-8; of a short one, the most that they can be */
export function bytesOf(text: string): number {
  return text.length <= shortText ? text.length * mostBytesOfCharacter : Buffer.byteLength(text)
}
