/** A request that is rejected, with a message of the gateway that may be shown and logged. */
import { GraphQLError } from 'graphql'

/** Why a request is rejected. */
export interface RequestErrorInit {
  readonly status: number
  /** Whether `application/json` is answered 200 all the same, for older clients. Default: false */
  readonly isOkInJson?: boolean
  /** Default: `BAD_REQUEST`. */
  readonly code?: RequestErrorCode
  /** For the caller. */
  readonly message: string
  /** Whether the same request may succeed later. Default: false */
  readonly retryable?: boolean
  /** Milliseconds until then, where they are known. */
  readonly retryAfterMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

export type RequestErrorCode =
  | 'BAD_REQUEST'
  | 'REQUEST_ENTITY_TOO_LARGE'
  | 'OVERLOADED'
  | 'UNAUTHENTICATED'
  | 'AUTHENTICATION_UNAVAILABLE'
  | 'FORBIDDEN'
  | 'QUERY_TOO_COMPLEX'
  | 'RATE_LIMITED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_NOT_SUPPORTED'
  | 'PERSISTED_QUERY_REQUIRED'

/** A rejection for GraphQL's layers: one error with an HTTP status and headers. */
export class RequestError extends GraphQLError {
  constructor({
    status,
    isOkInJson = false,
    code = 'BAD_REQUEST',
    message,
    retryable = false,
    retryAfterMs,
    headers,
  }: RequestErrorInit) {
    super(message, {
      extensions: {
        code,
        retryable,
        retryAfterMs,
        // Yoga answers an error that GraphQL over HTTP specifies with 200 in `application/json`.
        http: {
          status,
          ...(isOkInJson && { spec: true }),
          headers: { ...headers, ...retryAfter(retryAfterMs) },
        },
      },
    })
  }
}

/** @returns the header `retry-after`, in whole seconds */
export function retryAfter(milliseconds: number | undefined): Readonly<Record<string, string>> {
  return milliseconds === undefined ? {} : { 'retry-after': String(Math.ceil(milliseconds / 1000)) }
}
