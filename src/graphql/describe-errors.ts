/** Replaces the errors of a result by what the caller may see of them, and records each. */
import type { ExecutionResult } from 'graphql'
import { GraphQLError } from 'graphql'
import type { Outcome } from '../contacts/attempts/failure.ts'
import type { Logger } from '../domain/logger.ts'
import type { RequestRecorder } from '../telemetry/request-recorder.ts'
import type { GatewayContext, GatewayPlugin } from './builder.ts'
import type { FailureContext, FailureDescription } from './error-table.ts'
import { unexpectedErrorCode, describeFailure, originOf } from './error-table.ts'
import { RequestError } from './request-error.ts'

/** Errors without data. Each quotes what is wrong, and nobody fixes more at once. */
const maxRequestErrors = 10
/** Errors of fields. A null without its error would be taken for a value, and an operation makes 50 calls at most. */
const maxFieldErrors = 100

/** An error that has been described: it is never described twice. */
class DescribedError extends GraphQLError {}

/** What a result belongs to. */
export interface ErrorScope {
  readonly recorder: RequestRecorder
  readonly outcomes: GatewayContext['outcomes']
  /** Receives each unexpected error in full. */
  readonly log: Logger
  readonly isMutation: boolean
}

/**
 * The operation executor applies it to all that it returns, and Yoga's plugin to what fails before that. Errors that are
 * described already stay as they are.
 *
 * @returns the result with at most 10 errors, or 100 next to data, each with a code, an outcome and the
 *   request's id
 */
export function describeErrors(result: ExecutionResult, scope: ErrorScope): ExecutionResult {
  if (result.errors === undefined) return result
  const hasData = result.data !== undefined
  const maxErrors = hasData ? maxFieldErrors : maxRequestErrors
  const errors = result.errors.slice(0, maxErrors).map((error) => describe(error, hasData, scope))
  return { ...result, errors }
}

function describe(error: Error, hasData: boolean, scope: ErrorScope): GraphQLError {
  if (error instanceof DescribedError) return error
  const { recorder, isMutation, log } = scope
  const { requestId, caller } = recorder
  const stage = recorder.isExecuted ? 'executed' : 'parsed'
  const context: FailureContext = {
    mutation: isMutation ? stage : undefined,
    outcome: outcomeAt(error, scope),
  }
  const description = describeFailure(error, context)
  // Only messages of the gateway itself are logged: others may quote what was sent.
  recorder.erred(description.code, error instanceof RequestError ? error.message : undefined)
  if (description.code !== unexpectedErrorCode) {
    const http = error instanceof GraphQLError ? error.extensions['http'] : undefined
    return locate(error, description, requestId, http)
  }
  log.error({ requestId, caller, err: originOf(error) }, 'unexpected error')
  return locate(error, description, requestId, hasData ? undefined : { status: 500 })
}

/** @param http the status and headers for Yoga, which does not show them to callers */
function locate(
  error: Error,
  { message, ...rest }: FailureDescription,
  requestId: string,
  http: unknown,
): GraphQLError {
  const all = Object.entries({ http, ...rest, requestId }).filter(([, value]) => value !== undefined)
  const extensions = Object.fromEntries(all)
  if (!(error instanceof GraphQLError)) return new DescribedError(message, { extensions })
  const { nodes = null, source = null, positions = null, path = null } = error
  return new DescribedError(message, { nodes, source, positions, path, extensions })
}

/** A field may have made its change before it failed. */
function outcomeAt(error: Error, { outcomes }: ErrorScope): Outcome | undefined {
  const [field] = error instanceof GraphQLError ? (error.path ?? []) : []
  return field === undefined ? undefined : outcomes.get(field)
}

/** Describes what fails before the operation is executed: reading, parsing and validating a request. */
export function useDescribedErrors(log: Logger): GatewayPlugin {
  return {
    onResultProcess(payload) {
      const { request, result, serverContext } = payload
      if (!isSingle(result)) return
      const { recorder, outcomes } = serverContext
      // A POST that could not be read may have been meant as a mutation.
      const type = recorder.operation?.type ?? (request.method === 'POST' ? 'mutation' : 'query')
      payload.setResult(describeErrors(result, { recorder, outcomes, log, isMutation: type === 'mutation' }))
    },
  }
}

/** Nothing is batched or delivered in parts, so that this is true for every result. */
export function isSingle(result: object): result is ExecutionResult {
  return !Array.isArray(result) && !(Symbol.asyncIterator in result)
}
