/** Counts and cuts strings by code points, as databases do. Imports nothing. */

/** @returns the number of code points. An unpaired surrogate counts as one */
export function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** @returns whether a string has more code points than `limit`. Long strings are not counted completely */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false
  // A code point has at most two UTF-16 units.
  return text.length > 2 * limit || countCodePoints(text) > limit
}

/** @returns the string, cut to `limit` code points. If it is cut, the last one is an ellipsis */
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
