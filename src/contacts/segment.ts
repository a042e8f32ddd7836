/** Longer than any uuid or phone number. */
const longestSegment = 255

/**
 * What becomes part of a URL must not be able to name another resource than a contact.
 *
 * @returns what is wrong with the value; undefined where nothing is
 */
export function problemOfSegment(value: string): string | undefined {
  if (value.trim() === '') return 'must not be blank'
  if (/^\.+$/.test(value)) return 'must not be made of dots'
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    return 'must not contain control characters or broken Unicode'
  }
  return value.length > longestSegment ? `must have at most ${longestSegment} characters` : undefined
}
