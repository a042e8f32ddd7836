/** The rules for arguments of queries. */
import { ContactsError } from '../attempts/failure.ts'
import type { Rule } from './input-rules.ts'
import { identifier, pathSegment } from './input-rules.ts'

/**
 * Checks an argument against a rule.
 *
 * @param argument its name, for the message
 * @throws ContactsError `BAD_USER_INPUT`
 */
export function checkArgument(argument: string, value: string, rule: Rule = identifier): void {
  const broken = rule(value)
  if (broken !== undefined) throw badArgument(`\`${argument}\` ${broken.predicate}.`)
}

/** Checks an argument that becomes a segment of a URL's path. @throws ContactsError `BAD_USER_INPUT` */
export function checkSegment(argument: string, value: string): void {
  checkArgument(argument, value, pathSegment)
}

/** @param message for the caller, in complete sentences */
export function badArgument(message: string): ContactsError {
  return new ContactsError('BAD_USER_INPUT', message, { retryable: false })
}
