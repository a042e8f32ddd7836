/** What an argument must be to name anything. */
import { ContactsFailure } from './failure.ts'

/** Longer than any uuid, phone number or tag. */
const longestArgument = 255

/** @returns what is wrong with the value; undefined where nothing is */
export function problemOfArgument(value: string): string | undefined {
  if (value.trim() === '') return 'must not be blank'
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    return 'must not contain control characters or broken Unicode'
  }
  return value.length > longestArgument ? `must have at most ${longestArgument} characters` : undefined
}

/** What becomes a segment of a URL's path must not be able to name another resource, either. */
export function problemOfSegment(value: string): string | undefined {
  return /^\.+$/.test(value) ? 'must not be made of dots' : problemOfArgument(value)
}

/**
 * @param argument its name, for the message
 * @throws ContactsFailure `BAD_USER_INPUT`
 */
export function checkArgument(argument: string, value: string): void {
  const problem = problemOfArgument(value)
  if (problem !== undefined) throw badArgument(`${argument} ${problem}`)
}

/** @throws ContactsFailure `BAD_USER_INPUT` */
export function checkSegment(argument: string, value: string): void {
  const problem = problemOfSegment(value)
  if (problem !== undefined) throw badArgument(`${argument} ${problem}`)
}

/** @param message for the caller */
export function badArgument(message: string): ContactsFailure {
  return new ContactsFailure('BAD_USER_INPUT', message, { retryable: false })
}
