/** Makes text of the upstream safe to show to a caller. */
import { cutText } from '../../domain/code-points.ts'
import { secretPattern } from '../../domain/secret-pattern.ts'

const maxLength = 300
/** The rest is not searched, because it is not shown. The text may have a megabyte. */
const maxSearched = 10 * maxLength

/** Format characters can hide or reverse text. The joiner of emoji, which is one of them, is kept. */
const invisible = /(?!\u200D)\p{Cf}/gu
const controls = /[\p{Cc}\p{Zl}\p{Zp}]+/gu
const credentials = /\b(bearer)(?:\s|%20|\+)+[^\s"'<>,;]+/giu

/**
 * @param token the gateway's token, which must not be shown in any form
 * @returns a function that cuts text to 300 characters, and removes control characters, invisible
 *   characters and anything that resembles the token
 */
export function createSanitizer(token: string): (text: string) => string {
  const ownToken = secretPattern(token)
  return (text) => {
    const safe = text
      .slice(0, maxSearched)
      .replaceAll(invisible, '')
      .replaceAll(controls, ' ')
      .replaceAll(credentials, '$1 [token]')
      .replaceAll(ownToken, '[token]')
      .trim()
    return cutText(safe, maxLength)
  }
}
