/** What a query's argument must be to name anything. */
import { ContactsError } from '../attempts/failure.ts'
import type { Rule } from './input-rules.ts'
import { identifier, pathSegment } from './input-rules.ts'

/**
 * @param argument its name, for the message
 * @throws ContactsFailure `BAD_USER_INPUT`
 */
export function checkArgument(argument: string, value: string, rule: Rule = identifier): void {
  const problem = rule(value)
  if (problem !== undefined) throw badArgument(`${argument} ${problem.message}`)
}

/** What becomes a segment of a URL's path. @throws ContactsFailure `BAD_USER_INPUT` */
export function checkSegment(argument: string, value: string): void {
  checkArgument(argument, value, pathSegment)
}

/** @param message for the caller */
export function badArgument(message: string): ContactsError {
  return new ContactsError('BAD_USER_INPUT', message, { retryable: false })
}
