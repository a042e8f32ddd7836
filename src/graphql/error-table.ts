/** What a failure shows as: the one table from our codes to words, and the one place that applies it. */
import type { ExecutionResult } from 'graphql'
import { GraphQLError, Kind } from 'graphql'
import { cutText } from '../domain/code-points.ts'
import type { FailureCode, Outcome } from '../contacts/attempts/failure.ts'
import { ContactsError } from '../contacts/attempts/failure.ts'
import type { Logger } from '../domain/logger.ts'
import type { RequestRecorder } from '../telemetry/request-recorder.ts'
import type { GatewayContext, GatewayPlugin } from './builder.ts'
import { mostCalls } from './limits.ts'
import { RequestError } from './request-error.ts'

/** Words for the caller. Null: the failure's own message is for the caller. */
const reasons: Record<FailureCode, string | null> = {
  BAD_USER_INPUT: null,
  CALLBELL_REJECTED: null,
  CALLBELL_UNAUTHORIZED: 'Callbell does not accept the token of this gateway',
  CALLBELL_PAYMENT_REQUIRED: 'Callbell asks for the account to be paid for',
  CALLBELL_RATE_LIMITED: 'Callbell is receiving too many requests from this account',
  CALLBELL_UNAVAILABLE: 'Callbell could not be reached or failed',
  CALLBELL_TIMEOUT: 'Callbell did not answer in time',
  CALLBELL_INVALID_RESPONSE: 'Callbell gave an answer that could not be understood',
  CONTACT_GONE: 'The contact that this idempotency key created no longer exists at Callbell',
  CONFLICT: 'The contact was changed by others at the same time',
  IDEMPOTENCY_KEY_REUSED: 'The idempotency key was used before, with another input',
  STORE_QUOTA_EXCEEDED: null,
  STORE_UNAVAILABLE: 'The gateway can’t reach its memory of idempotency keys',
  OVERLOADED: 'The gateway can’t take this call now',
  QUERY_TOO_COMPLEX: `This operation needs more reads from Callbell than were planned; the limit is ${mostCalls}. Ask for fewer lists in one operation`,
}

const consequences: Record<Outcome, string> = {
  NOT_APPLIED: 'nothing was changed',
  APPLIED: 'the change was made',
  UNKNOWN: 'the change may or may not have been made',
}

/** Of what is wrong with a request: nobody mends more at once, and each quotes what it complains of. */
const mostMistakes = 10
/** Of fields: a null without its error would be taken for an answer. More than 50 can't call Callbell. */
const mostFieldErrors = 100
/** graphql-js quotes the value that it complains of, whatever its size. */
const longestMessage = 300

/**
 * Gives every error, from whatever stage of a request, its code, its outcome and the request's
 * id. What is no known failure is a bug: it is logged in full, and nothing of it is shown. All else
 * is told in the one line of its request.
 */
export function useErrorTable(log: Logger): GatewayPlugin {
  return {
    onResultProcess(payload) {
      const { request, result, serverContext } = payload
      if (!isSingle(result) || result.errors === undefined) return
      const { recorder, outcomes } = serverContext
      // What could not be read may have been meant as a mutation, if it came by POST.
      const type = recorder.operation?.type ?? (request.method === 'POST' ? 'mutation' : 'query')
      const stage = recorder.isExecuted ? 'executed' : 'parsed'
      const scene = {
        recorder,
        log,
        mutation: type === 'mutation' ? stage : undefined,
        outcomes,
        hasData: result.data !== undefined,
      } as const
      const most = result.data === undefined ? mostMistakes : mostFieldErrors
      const errors = result.errors.slice(0, most).map((error) => present(error, scene))
      payload.setResult({ ...result, errors })
    },
  }
}

/** Nothing here is batched or delivered in parts, so that this holds for every result. */
function isSingle(result: object): result is ExecutionResult {
  return !Array.isArray(result) && !(Symbol.asyncIterator in result)
}

interface ErrorContext {
  readonly recorder: RequestRecorder
  readonly log: Logger
  /** How far the mutation came; undefined for a query. */
  readonly mutation: 'parsed' | 'executed' | undefined
  readonly outcomes: GatewayContext['outcomes']
  readonly hasData: boolean
}

function present(error: Error, scene: ErrorContext): GraphQLError {
  const origin = originOf(error)
  if (origin instanceof ContactsError) return presentFailure(error, origin, scene)
  const code = codeOfCallersMistake(error, origin)
  return code === undefined ? presentBug(error, origin, scene) : presentMistake(error, code, scene)
}

function presentFailure(error: Error, failure: ContactsError, scene: ErrorContext): GraphQLError {
  const { code, retryAfterMs, attempts } = failure
  const { recorder, mutation } = scene
  // A read below a mutation knows nothing of the change that it stands in.
  const outcome = failure.outcome ?? (mutation && outcomeAt(error, scene))
  const retryable = failure.retryable && (failure.outcome !== undefined || isHarmless(outcome))
  const { requestId } = recorder
  recorder.erred(code)
  const reason = failure.isMessageShown ? failure.message : (reasons[code] ?? failure.message)
  const message = outcome === undefined ? reason : `${reason}: ${consequences[outcome]}`
  return placed(error, message, { code, outcome, retryable, retryAfterMs, attempts, requestId })
}

/** Errors that graphql-js and Yoga raise about the request itself, before anything ran. */
function presentMistake(error: Error, code: string, scene: ErrorContext): GraphQLError {
  const { requestId } = scene.recorder
  // The messages of others may quote what was sent.
  scene.recorder.erred(code, error instanceof RequestError ? error.message : undefined)
  const { http, retryable, retryAfterMs } = error instanceof GraphQLError ? error.extensions : {}
  const outcome = scene.mutation && (outcomeAt(error, scene) ?? 'NOT_APPLIED')
  return placed(error, cutText(error.message, longestMessage), {
    // A word to Yoga about the HTTP status and headers; it is not part of the answer.
    http,
    code,
    outcome,
    retryable: retryable === true && isHarmless(outcome),
    retryAfterMs,
    requestId,
  })
}

function presentBug(error: Error, origin: unknown, scene: ErrorContext): GraphQLError {
  const { recorder, mutation, hasData, log } = scene
  const { requestId, caller } = recorder
  recorder.erred('INTERNAL_SERVER_ERROR')
  log.error({ requestId, caller, err: origin }, 'a bug')
  return placed(error, 'Something went wrong inside the gateway', {
    http: hasData ? undefined : { status: 500 },
    code: 'INTERNAL_SERVER_ERROR',
    outcome: mutation && (outcomeAt(error, scene) ?? (mutation === 'executed' ? 'UNKNOWN' : 'NOT_APPLIED')),
    retryable: false,
    requestId,
  })
}

/** Whether making the same call again could not make a change twice. */
function isHarmless(outcome: Outcome | undefined): boolean {
  return outcome === undefined || outcome === 'NOT_APPLIED'
}

/** What is known of the change that an error stands in: the field may have run before it failed. */
function outcomeAt(error: Error, { outcomes }: ErrorContext): Outcome | undefined {
  const [field] = error instanceof GraphQLError ? (error.path ?? []) : []
  return field === undefined ? undefined : outcomes.get(field)
}

function placed(error: Error, message: string, extensions: Record<string, unknown>): GraphQLError {
  const known = Object.fromEntries(Object.entries(extensions).filter(([, value]) => value !== undefined))
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions: known })
  const { nodes = null, source = null, positions = null, path = null } = error
  return new GraphQLError(message, { nodes, source, positions, path, extensions: known })
}

function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originOf(error.originalError) : error
}

/**
 * The code of an error that the caller can mend; undefined for anything else. graphql-js gives
 * no code to a variable or argument that does not fit its type. Such an error points at the
 * value in the document; one that points at a field, or at nothing, comes from our own data instead.
 */
function codeOfCallersMistake(error: Error, origin: unknown): string | undefined {
  if (!(error instanceof GraphQLError && origin instanceof GraphQLError)) return undefined
  const { code, unexpected } = error.extensions
  if (unexpected === true) return undefined
  if (typeof code === 'string') return code
  const isOfField = error.path !== undefined && (origin.nodes?.[0]?.kind ?? Kind.FIELD) === Kind.FIELD
  return isOfField ? undefined : 'BAD_USER_INPUT'
}
