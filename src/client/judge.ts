/** What the answer to one try says: whether the change was made, and whether a further try may help. */
import type { GatewayError } from './gateway-error.ts'
import { isGatewayError } from './gateway-error.ts'
import type { Done, KeyedPayload, Rejected } from './once-types.ts'
import { parseJson, propertyOf } from './unknown-value.ts'

/** A try that did not settle the action. */
export interface FailedTry {
  readonly status: 'failed-try'
  readonly error: unknown
  readonly mayBeApplied: boolean
  readonly isRepeatable: boolean
  /** 0 where the gateway names no time. */
  readonly retryAfterMs: number
}

export type Verdict<Data> = Done<Data> | Rejected<Data> | FailedTry

/**
 * Judges what `send` returned.
 *
 * @param answer a GraphQL answer, or anything else
 */
export function judgeAnswer<Data>(answer: unknown): Verdict<Data> {
  const data = propertyOf(answer, 'data')
  const errors = listOf(propertyOf(answer, 'errors'))
  const payload = payloadOf(data)
  if (payload !== undefined && payload.userErrors.length > 0)
    return { status: 'rejected', userErrors: payload.userErrors }
  const gatewayErrors = errors.filter(isGatewayError)
  // A field below the payload may fail, although the change was made.
  const isMade =
    payload !== undefined || gatewayErrors.some(({ extensions }) => extensions.outcome === 'APPLIED')
  if (isMade && typeof data === 'object' && data !== null) {
    const replayed = payload?.replayed === true
    return {
      status: 'done',
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema gives the data its type
      data: data as Data,
      replayed,
      ...(gatewayErrors.length > 0 && { errors: gatewayErrors }),
    }
  }
  const [error] = gatewayErrors
  return error === undefined ? unreadable(errors[0] ?? unreadableAnswer()) : failedTry(error)
}

/** Judges what `send` threw: the errors of an answer, where there was one. */
export function judgeThrown<Data>(thrown: unknown): Verdict<Data> {
  // Of graphql-request, of Apollo Client 3 and urql, and of Apollo Client 4 for a status from 300 and others.
  const answers = [
    propertyOf(thrown, 'response'),
    { errors: propertyOf(thrown, 'graphQLErrors') },
    parseJson(propertyOf(thrown, 'bodyText')),
    thrown,
  ]
  const answer = answers.find((one) => listOf(propertyOf(one, 'errors')).some(isGatewayError))
  return answer === undefined ? unreadable(thrown) : judgeAnswer(answer)
}

function failedTry(error: GatewayError): FailedTry {
  const { outcome, retryable, retryAfterMs = 0 } = error.extensions
  return {
    status: 'failed-try',
    error,
    mayBeApplied: outcome !== 'NOT_APPLIED',
    isRepeatable: retryable,
    // A wrong number must not turn the wait into a loop without one.
    retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : 0,
  }
}

/** Nothing came back, or nothing of the gateway: it may have made the change, and the key makes a repeat safe. */
function unreadable(error: unknown): FailedTry {
  return { status: 'failed-try', error, mayBeApplied: true, isRepeatable: true, retryAfterMs: 0 }
}

function unreadableAnswer(): Error {
  return new Error('The answer is not one of the gateway to a mutation with `replayed` and `userErrors`.')
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** @returns the payload of the only mutation in an answer; undefined if there is none */
function payloadOf(data: unknown): KeyedPayload | undefined {
  return typeof data === 'object' && data !== null ? Object.values(data).find(isPayload) : undefined
}

function isPayload(value: unknown): value is KeyedPayload {
  return Array.isArray(propertyOf(value, 'userErrors'))
}
