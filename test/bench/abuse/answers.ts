/** Counts the answers in a stream of bytes without keeping them: an attacker must cost less than its target. */

/** A status line, or an error's code in a body. Each fits into `carried` characters. */
const token = /HTTP\/1\.[01] (\d{3})|"code":"([A-Z_]{1,50})"/g
const carried = 64

export interface AnswerReader {
  /** @returns how many final answers began in these bytes */
  read(bytes: Buffer): number
  /** Counts the last answer, to which nothing can be added any more. */
  end(): void
}

/**
 * @param count called for each answer: with its status, and the first error code of its body, such as
 *   `400 QUERY_TOO_COMPLEX`
 */
export function createAnswerReader(count: (answer: string) => void): AnswerReader {
  let rest = ''
  let answer: string | undefined

  function end(): void {
    if (answer !== undefined) count(answer)
    answer = undefined
  }

  return {
    read(bytes) {
      const text = rest + bytes.toString('latin1')
      let begun = 0
      let behind = 0
      for (const match of text.matchAll(token)) {
        behind = match.index + match[0].length
        const [, status, code] = match
        if (status === undefined) {
          if (answer?.length === 3) answer += ` ${code}`
          // An interim answer (100, 103) is none.
        } else if (!status.startsWith('1')) {
          end()
          answer = status
          begun += 1
        }
      }
      rest = text.slice(Math.max(behind, text.length - carried))
      return begun
    },
    end,
  }
}
