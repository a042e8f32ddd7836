/** Upstream's words made safe to be shown to a caller. */
import { cutText } from '../../domain/code-points.ts'
import { secretPattern } from '../../domain/secret-pattern.ts'

const longestText = 300
/** The rest of what may be a megabyte is not searched, as it is not shown. */
const longestRead = 10 * longestText

/** Format characters can hide a text or turn it around. The joiner of emoji, one of them, stays. */
const invisible = /(?!\u200D)\p{Cf}/gu
const controls = /[\p{Cc}\p{Zl}\p{Zp}]+/gu
const credentials = /\b(bearer)(?:\s|%20|\+)+[^\s"'<>,;]+/giu

/**
 * @param token ours, which must not be shown in any form
 * @returns a function from words to at most 300 characters of them, without controls, invisible
 *   characters, and whatever looks like the token
 */
export function createSanitizer(token: string): (words: string) => string {
  const ours = secretPattern(token)
  return (words) => {
    const safe = words
      .slice(0, longestRead)
      .replaceAll(invisible, '')
      .replaceAll(controls, ' ')
      .replaceAll(credentials, '$1 [token]')
      .replaceAll(ours, '[token]')
      .trim()
    return cutText(safe, longestText)
  }
}
