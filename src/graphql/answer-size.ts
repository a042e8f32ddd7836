/** How large answers may become while they are made: each one, and all of them together. */
import { GraphQLError } from 'graphql'

/** Smaller answers are not worth counting together: 2,000 connections make 40 MB of them at most. */
const smallAnswerBytes = 20_000

export interface AnswerLimits {
  /** Bytes of texts and field names in one answer. */
  readonly largestAnswerBytes: number
  /** Bytes of all answers that are being made at the same time. */
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
  /** To be called once, when the answer has been written or given up. */
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
      if (answer.excess === undefined && answer.bytes > (largest?.bytes ?? 0)) largest = answer
    }
    largest?.stop(
      new ResponseTooLarge(
        `The gateway is making too many large answers: all together may have ${limits.allAnswersBytes} bytes, and this one of ${largest.bytes} is the largest. Select less, or try again later`,
        true,
      ),
    )
  }

  class Answer implements AnswerSize {
    bytes = 0
    excess: ResponseTooLarge | undefined
    private counted = 0

    add(bytes: number): void {
      // What is given up does not grow, and takes no other answer with it.
      if (this.excess) throw this.excess
      this.bytes += bytes
      if (this.bytes > smallAnswerBytes) this.countLarge()
      if (this.excess) throw this.excess
    }

    stop(excess: ResponseTooLarge): void {
      this.excess ??= excess
    }

    release(): void {
      total -= this.counted
      this.counted = 0
      large.delete(this)
    }

    private countLarge(): void {
      if (this.counted === 0) large.add(this)
      total += this.bytes - this.counted
      this.counted = this.bytes
      if (this.bytes > limits.largestAnswerBytes) {
        this.stop(
          new ResponseTooLarge(
            `The answer is too large: at most ${limits.largestAnswerBytes} bytes of texts and field names, and it has more than ${this.bytes}. Select less, or ask for fewer in \`first\``,
            false,
          ),
        )
      } else if (total > limits.allAnswersBytes) {
        stopLargest()
      }
    }
  }

  return () => new Answer()
}

/** Characters up to which a text is not measured, which takes longer than all else that is done for it. */
const shortText = 100
const mostBytesOfCharacter = 3

/** @returns the bytes of a text in UTF-8; of a short one, the most that they can be */
export function bytesOf(text: string): number {
  return text.length <= shortText ? text.length * mostBytesOfCharacter : Buffer.byteLength(text)
}
