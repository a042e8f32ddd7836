/** Lengths in characters as people and databases count them: code points, of which an emoji is one. Imports nothing. */

/** @returns how many code points a string has; half of a surrogate pair is one */
export function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** @returns whether a string has more code points than this; it is not counted further */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false
  // A code point takes two units at most.
  return text.length > 2 * limit || countCodePoints(text) > limit
}

/** @returns the string, cut to `limit` code points, of which the last is then an ellipsis */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text
  let count = 0
  let end = 0
  for (const character of text) {
    count += 1
    if (count > limit) return `${text.slice(0, end)}…`
    if (count < limit) end += character.length
  }
  return text
}
