import { GraphQLError, parse, Source, validate } from 'graphql'
import { expect, test } from 'vitest'
import type { FailureCode, Outcome } from '../../../src/contacts/attempts/failure.ts'
import { ContactsError } from '../../../src/contacts/attempts/failure.ts'
import { CallbellError } from '../../../src/domain/callbell-error.ts'
import type { FailureContext } from '../../../src/graphql/error-table.ts'
import { describeFailure } from '../../../src/graphql/error-table.ts'
import { RequestError } from '../../../src/graphql/request-error.ts'
import { schema } from '../../../src/schema.ts'

const query: FailureContext = { mutation: undefined, outcome: undefined }
const parsed: FailureContext = { mutation: 'parsed', outcome: undefined }
const executed: FailureContext = { mutation: 'executed', outcome: undefined }

/** What each code shows where the failure's cause is not known. */
const messages: Record<FailureCode, string> = {
  BAD_USER_INPUT: 'For the log or the caller.',
  CALLBELL_REJECTED: 'For the log or the caller.',
  CALLBELL_UNAUTHORIZED: 'Callbell rejected the gateway’s API token.',
  CALLBELL_PAYMENT_REQUIRED: 'Callbell requires payment for this account (HTTP 402).',
  CALLBELL_RATE_LIMITED: 'Callbell received too many requests from this account (HTTP 429).',
  CALLBELL_UNAVAILABLE: 'Callbell is unavailable.',
  CALLBELL_TIMEOUT: 'Callbell did not answer in time.',
  CALLBELL_INVALID_RESPONSE: 'Callbell returned an invalid response.',
  CONTACT_GONE: 'The contact that this idempotency key created no longer exists at Callbell.',
  CONFLICT: 'Others changed the contact at the same time.',
  IDEMPOTENCY_KEY_REUSED: 'This idempotency key was already used with different input.',
  STORE_QUOTA_EXCEEDED: 'For the log or the caller.',
  STORE_UNAVAILABLE: 'The gateway cannot reach its store.',
  OVERLOADED: 'The gateway cannot accept this call now.',
  QUERY_TOO_COMPLEX:
    'This operation needs more than 50 reads from Callbell; the limit is 50. Request fewer lists in one operation.',
}

const consequences: Record<Outcome, string> = {
  NOT_APPLIED: 'Nothing was changed.',
  APPLIED: 'The change was made.',
  UNKNOWN: 'The change may or may not have been made.',
}

test.each(Object.entries(messages))('%s has one message for a query and each outcome', (name, message) => {
  const code = isCode(name) ? name : expect.unreachable()
  const failed = new ContactsError(code, 'For the log or the caller', { retryable: true, retryAfterMs: 4.2 })
  const rest = { code, retryable: true, retryAfterMs: 5, attempts: undefined }
  expect(describeFailure(failed, query)).toEqual({ ...rest, message, outcome: undefined })
  for (const outcome of ['NOT_APPLIED', 'APPLIED', 'UNKNOWN'] as const) {
    const details = { retryable: false, outcome, attempts: 3 }
    const change = new ContactsError(code, 'For the log or the caller', details)
    expect(describeFailure(change, executed)).toEqual({
      message: `${message} ${consequences[outcome]}`,
      code,
      ...details,
      retryAfterMs: undefined,
    })
  }
})

function isCode(name: string): name is FailureCode {
  return Object.hasOwn(messages, name)
}

test.each<[string, ConstructorParameters<typeof CallbellError>[2], string]>([
  ['an error status', { progress: 'answered', status: 502 }, 'Callbell returned an error (HTTP 502).'],
  [
    'an error status, and a cut in its body',
    { progress: 'status', status: 503, cause: new Error() },
    'Callbell returned an error (HTTP 503).',
  ],
  ['no connection', { progress: 'unsent', cause: new Error() }, 'Could not connect to Callbell.'],
  [
    'a cut after the request was sent',
    { progress: 'sent', cause: new Error() },
    'The connection to Callbell was lost before its response was complete.',
  ],
  [
    'a cut in the body of a success',
    { progress: 'status', status: 200, cause: new Error() },
    'The connection to Callbell was lost before its response was complete.',
  ],
  ['an open circuit', { progress: 'unsent', retryAfterMs: 1000 }, 'Callbell is unavailable.'],
])('CALLBELL_UNAVAILABLE after %s', (_what, details, message) => {
  const cause = new CallbellError('CALLBELL_UNAVAILABLE', 'detail', details)
  const failure = new ContactsError('CALLBELL_UNAVAILABLE', 'detail', { retryable: false, cause })
  expect(describeFailure(failure, query)).toMatchObject({ code: 'CALLBELL_UNAVAILABLE', message })
})

test('a failure may bring its own message, which is not changed', () => {
  const details = { retryable: false, isMessageShown: true }
  const failure = new ContactsError('CONFLICT', 'The tag "A" is in use!', details)
  expect(describeFailure(failure, query).message).toBe('The tag "A" is in use!')
})

test.each<[FailureContext, object]>([
  // A read below a mutation: the mutation's outcome is known from its field.
  [
    { mutation: 'executed', outcome: 'APPLIED' },
    {
      outcome: 'APPLIED',
      retryable: false,
      message: 'The gateway cannot reach its store. The change was made.',
    },
  ],
  [
    { mutation: 'executed', outcome: 'NOT_APPLIED' },
    { outcome: 'NOT_APPLIED', retryable: true },
  ],
  [query, { outcome: undefined, retryable: true, message: 'The gateway cannot reach its store.' }],
  [
    { mutation: undefined, outcome: 'APPLIED' },
    { outcome: undefined, retryable: true },
  ],
])('a failure without an outcome in %j', (context, expected) => {
  const failure = new ContactsError('STORE_UNAVAILABLE', 'detail', { retryable: true })
  expect(describeFailure(failure, context)).toMatchObject(expected)
})

test('a failure is found inside the errors that wrap it', () => {
  const failure = new ContactsError('CALLBELL_TIMEOUT', 'detail', { retryable: true })
  const originalError = new GraphQLError('outer', { originalError: failure })
  expect(describeFailure(new GraphQLError('outermost', { originalError }), query)).toMatchObject({
    code: 'CALLBELL_TIMEOUT',
    message: 'Callbell did not answer in time.',
  })
})

test.each<[FailureContext, Outcome | undefined, boolean]>([
  [query, undefined, true],
  [parsed, 'NOT_APPLIED', true],
  [executed, 'NOT_APPLIED', true],
  [{ mutation: 'executed', outcome: 'UNKNOWN' }, 'UNKNOWN', false],
])('a rejected request in %j', (context, outcome, retryable) => {
  const error = new RequestError({
    status: 429,
    code: 'RATE_LIMITED',
    message: 'Too many.',
    retryable: true,
    retryAfterMs: 7,
  })
  expect(describeFailure(error, context)).toEqual({
    message: 'Too many.',
    code: 'RATE_LIMITED',
    outcome,
    retryable,
    retryAfterMs: 7,
    attempts: undefined,
  })
})

test('a mistake in a document has the code and the first 300 characters of its error', () => {
  const name = 'n'.repeat(400)
  const [error] = validate(schema, parse(`{ ${name} }`))
  expect(describeFailure(error, query)).toEqual({
    message: `Cannot query field "${'n'.repeat(279)}…`,
    code: 'BAD_USER_INPUT',
    outcome: undefined,
    retryable: false,
    retryAfterMs: undefined,
    attempts: undefined,
  })
})

test.each<[string, unknown]>([
  ['an error', new Error('detail')],
  ['a string', 'detail'],
  ['nothing', undefined],
  [
    'an error of a field',
    new GraphQLError('detail', { path: ['contact'], originalError: new Error('detail') }),
  ],
  ['an error that Yoga did not expect', new GraphQLError('detail', { extensions: { unexpected: true } })],
  [
    'a value of the gateway that its type does not allow',
    new GraphQLError('detail', { path: ['contact'], source: new Source('{ contact }'), positions: [2] }),
  ],
])('%s is a bug: nothing of it is shown', (_what, error) => {
  const bug = {
    message: 'Something went wrong inside the gateway.',
    code: 'INTERNAL_SERVER_ERROR',
    outcome: undefined,
    retryable: false,
    retryAfterMs: undefined,
    attempts: undefined,
  }
  expect(describeFailure(error, query)).toEqual(bug)
  expect(describeFailure(error, parsed)).toEqual({ ...bug, outcome: 'NOT_APPLIED' })
  expect(describeFailure(error, executed)).toEqual({ ...bug, outcome: 'UNKNOWN' })
  expect(describeFailure(error, { mutation: 'executed', outcome: 'APPLIED' })).toEqual({
    ...bug,
    outcome: 'APPLIED',
  })
})
