/** How a secret is recognised in a text: as it is, encoded, or in part. Imports nothing. */

/** So many characters of a secret give it away … */
const partLength = 8
/** … if it is so long that they are not likely to be anything else. */
const shortestInParts = 16
/** What tokens, and their encodings, are made of. */
const run = String.raw`[\w.~+/=%-]`

/**
 * Matches the secret in any case, percent-encoded or in base64; where it has 16 characters or more,
 * also a run that begins with its first 8 or ends with its last 8; with fewer than 8, only where it
 * is no part of a word.
 *
 * @param secret not empty
 * @returns with the flag `g`, for `replaceAll`
 */
export function secretPattern(secret: string): RegExp {
  const characters = Array.from(secret)
  // A few letters are found in many a word.
  if (characters.length < partLength) return new RegExp(`(?<!\\w)${spell(secret)}(?!\\w)`, 'giu')
  const forms = [secret, ...base64Cores(secret)].map(spell)
  if (characters.length >= shortestInParts) {
    const first = spell(characters.slice(0, partLength).join(''))
    const last = spell(characters.slice(-partLength).join(''))
    // The second begins where a run does: a long run is then read once, not from each of its characters.
    forms.push(`${first}${run}*`, `(?<!${run})${run}*${last}`)
  }
  return new RegExp(forms.join('|'), 'giu')
}

/** Each character as it is or percent-encoded, written so that none is special in a pattern. */
function spell(text: string): string {
  return Array.from(text, (character) => {
    const encoded = Buffer.from(character).toString('hex').replaceAll(/../g, '%$&')
    return String.raw`(?:\u{${character.codePointAt(0)?.toString(16)}}|${encoded})`
  }).join('')
}

/** What every base64 text with the secret in it contains, by where in three bytes the secret begins. */
function base64Cores(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // The characters at both ends hold bits of their neighbours too.
    const core = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
