/** Recognizes a secret in a string: unchanged, encoded, or in part. Imports nothing. */

/** The number of first or last characters by which a part of a secret is recognized. */
const partLength = 8
/** In characters. Parts of a shorter secret are too likely to be something else. */
const minLengthForParts = 16
/** The characters of tokens and of their encodings. */
const run = String.raw`[\w.~+/=%-]`

/**
 * Matches the secret in any case, percent-encoded or in base64. If it has 16 characters or more, it also
 * matches a run that begins with its first 8 or ends with its last 8. If it has fewer than 8, it does not
 * match inside a word.
 *
 * @param secret not empty
 * @returns a pattern with the flag `g`, for `replaceAll`
 */
export function secretPattern(secret: string): RegExp {
  const characters = Array.from(secret)
  // A few letters occur in many words.
  if (characters.length < partLength) return new RegExp(`(?<!\\w)${spell(secret)}(?!\\w)`, 'giu')
  const forms = [secret, ...base64Cores(secret)].map(spell)
  if (characters.length >= minLengthForParts) {
    const first = spell(characters.slice(0, partLength).join(''))
    const last = spell(characters.slice(-partLength).join(''))
    // The second begins at the start of a run, so that a long run is searched once, not from each character.
    forms.push(`${first}${run}*`, `(?<!${run})${run}*${last}`)
  }
  return new RegExp(forms.join('|'), 'giu')
}

/** Matches each character unchanged or percent-encoded. All are escaped. */
function spell(text: string): string {
  return Array.from(text, (character) => {
    const encoded = Buffer.from(character).toString('hex').replaceAll(/../g, '%$&')
    return String.raw`(?:\u{${character.codePointAt(0)?.toString(16)}}|${encoded})`
  }).join('')
}

/** The substrings of any base64 string that contains the secret, one for each alignment to three bytes. */
function base64Cores(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // The characters at both ends also contain bits of adjacent bytes.
    const core = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
