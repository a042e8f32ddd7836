/** The table from failures to what a caller sees of them. It knows neither Yoga nor HTTP. */
import { GraphQLError, Kind } from 'graphql'
import type { FailureCode, Outcome } from '../contacts/attempts/failure.ts'
import { ContactsError } from '../contacts/attempts/failure.ts'
import { CallbellError } from '../domain/callbell-error.ts'
import { cutText } from '../domain/code-points.ts'
import { maxCalls } from './field-cost.ts'

/** Null: the failure's own message is written for the caller. A function reads the failure's cause. */
const messages: Record<FailureCode, string | null | ((cause: CallbellError | undefined) => string)> = {
  BAD_USER_INPUT: null,
  CALLBELL_REJECTED: null,
  CALLBELL_UNAUTHORIZED: 'Callbell rejected the gateway’s API token',
  CALLBELL_PAYMENT_REQUIRED: 'Callbell requires payment for this account (HTTP 402)',
  CALLBELL_RATE_LIMITED: 'Callbell received too many requests from this account (HTTP 429)',
  CALLBELL_UNAVAILABLE: describeUnavailable,
  CALLBELL_TIMEOUT: 'Callbell did not answer in time',
  CALLBELL_INVALID_RESPONSE: 'Callbell returned an invalid response',
  CONTACT_GONE: 'The contact that this idempotency key created no longer exists at Callbell',
  CONFLICT: 'Others changed the contact at the same time',
  IDEMPOTENCY_KEY_REUSED: 'This idempotency key was already used with different input',
  STORE_QUOTA_EXCEEDED: null,
  STORE_UNAVAILABLE: 'The gateway cannot reach its store',
  OVERLOADED: 'The gateway cannot accept this call now',
  QUERY_TOO_COMPLEX: `This operation needs more than ${maxCalls} reads from Callbell; the limit is ${maxCalls}. Request fewer lists in one operation`,
}

function describeUnavailable(cause: CallbellError | undefined): string {
  const { status = 0, progress } = cause ?? {}
  if (status >= 400) return `Callbell returned an error (HTTP ${status})`
  // Nothing broke in this call: the circuit is open, or an earlier call with the same key failed.
  if (cause?.cause === undefined) return 'Callbell is unavailable'
  return progress === 'unsent'
    ? 'Could not connect to Callbell'
    : 'The connection to Callbell was lost before its response was complete'
}

const consequences: Record<Outcome, string> = {
  NOT_APPLIED: 'Nothing was changed.',
  APPLIED: 'The change was made.',
  UNKNOWN: 'The change may or may not have been made.',
}

export const unexpectedErrorCode = 'INTERNAL_SERVER_ERROR'
const unexpectedErrorMessage = 'Something went wrong inside the gateway.'
/** In characters. graphql-js quotes the value that is wrong, whatever its size. */
const maxMessageLength = 300

/** What a failure happened in. */
export interface FailureContext {
  /** How far the mutation came; undefined for a query. */
  readonly mutation: 'parsed' | 'executed' | undefined
  /** The outcome of the change that failed, where it is known; a failure's own outcome takes precedence. */
  readonly outcome: Outcome | undefined
}

/** What the caller sees of a failure: its message and, but for the request's id, its `extensions`. */
export interface FailureDescription {
  readonly message: string
  readonly code: string
  /** Undefined for a query. */
  readonly outcome: Outcome | undefined
  /** Whether the same call may succeed later, and cannot make a change twice. */
  readonly retryable: boolean
  /** Milliseconds until then, where they are known. */
  readonly retryAfterMs: number | undefined
  /** How often a mutation was tried, where it is known. */
  readonly attempts: number | undefined
}

/**
 * Describes any failure to the caller. It has no side effects and does not throw.
 *
 * Three kinds of failure have a description of their own: a `ContactsError`, a mistake in the request (an
 * error of graphql-js, of Yoga or a `RequestError`), and anything else. Anything else is unexpected: its
 * code is `INTERNAL_SERVER_ERROR`, and its description contains nothing of it.
 *
 * @param error as it was thrown, or wrapped in a GraphQLError that has its position in the document
 * @returns a message of whole sentences that stands alone, with its code
 */
export function describeFailure(error: unknown, context: FailureContext): FailureDescription {
  const origin = originOf(error)
  if (origin instanceof ContactsError) return describeContactsError(origin, context)
  const code = codeOfMistake(error, origin)
  if (code !== undefined && error instanceof GraphQLError) return describeMistake(error, code, context)
  return describeUnexpectedError(context)
}

function describeContactsError(failure: ContactsError, context: FailureContext): FailureDescription {
  const { code, retryAfterMs, attempts } = failure
  // The error of a read below a mutation does not know the outcome of that mutation.
  const outcome = failure.outcome ?? (context.mutation && context.outcome)
  const retryable = failure.retryable && (failure.outcome !== undefined || isHarmless(outcome))
  const message = toSentence(messageOf(failure))
  return {
    message: outcome === undefined ? message : `${message} ${consequences[outcome]}`,
    code,
    outcome,
    retryable,
    retryAfterMs,
    attempts,
  }
}

function messageOf(failure: ContactsError): string {
  const message = failure.isMessageShown ? null : messages[failure.code]
  if (typeof message !== 'function') return message ?? failure.message
  return message(failure.cause instanceof CallbellError ? failure.cause : undefined)
}

function describeMistake(error: GraphQLError, code: string, context: FailureContext): FailureDescription {
  const { retryable, retryAfterMs } = error.extensions
  const outcome = context.mutation && (context.outcome ?? 'NOT_APPLIED')
  return {
    message: cutText(error.message, maxMessageLength),
    code,
    outcome,
    retryable: retryable === true && isHarmless(outcome),
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    attempts: undefined,
  }
}

function describeUnexpectedError({ mutation, outcome }: FailureContext): FailureDescription {
  const unknown = mutation === 'executed' ? 'UNKNOWN' : 'NOT_APPLIED'
  return {
    message: unexpectedErrorMessage,
    code: unexpectedErrorCode,
    outcome: mutation && (outcome ?? unknown),
    retryable: false,
    retryAfterMs: undefined,
    attempts: undefined,
  }
}

/** Whether a retry of the same call cannot make a change twice. */
function isHarmless(outcome: Outcome | undefined): boolean {
  return outcome === undefined || outcome === 'NOT_APPLIED'
}

/** Messages of Callbell, and those of callers' input, may end without a period. */
function toSentence(message: string): string {
  return /[.!?…]$/.test(message) ? message : `${message}.`
}

/** @returns the error that was thrown, without the GraphQLErrors that wrap it */
export function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originOf(error.originalError) : error
}

/**
 * @returns the code of an error that the caller can fix; undefined for anything else
 *
 * graphql-js gives no code to a variable or argument that does not fit its type. Such an error points at the
 * value in the document. One that points at a field, or at nothing, comes from the gateway's own data.
 */
function codeOfMistake(error: unknown, origin: unknown): string | undefined {
  if (!(error instanceof GraphQLError && origin instanceof GraphQLError)) return undefined
  const { code, unexpected } = error.extensions
  if (unexpected === true) return undefined
  if (typeof code === 'string') return code
  const isOfField = error.path !== undefined && (origin.nodes?.[0]?.kind ?? Kind.FIELD) === Kind.FIELD
  return isOfField ? undefined : 'BAD_USER_INPUT'
}
