/** The errors of the gateway, as a client receives them. */
import { propertyOf } from './unknown-value.ts'

/** Every `extensions.code`. Each has its entry in docs/errors.md. */
export const gatewayErrorCodes = [
  'AUTHENTICATION_UNAVAILABLE',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'CALLBELL_INVALID_RESPONSE',
  'CALLBELL_PAYMENT_REQUIRED',
  'CALLBELL_RATE_LIMITED',
  'CALLBELL_REJECTED',
  'CALLBELL_TIMEOUT',
  'CALLBELL_UNAUTHORIZED',
  'CALLBELL_UNAVAILABLE',
  'CONFLICT',
  'CONTACT_GONE',
  'FORBIDDEN',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'IDEMPOTENCY_KEY_REUSED',
  'INTERNAL_SERVER_ERROR',
  'OPERATION_RESOLUTION_FAILURE',
  'OVERLOADED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'PERSISTED_QUERY_REQUIRED',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
  'REQUEST_ENTITY_TOO_LARGE',
  'RESPONSE_TOO_LARGE',
  'STORE_QUOTA_EXCEEDED',
  'STORE_UNAVAILABLE',
  'UNAUTHENTICATED',
] as const

/** The code of an error. Later versions may add further codes. */
export type GatewayErrorCode = (typeof gatewayErrorCodes)[number]

/** Whether the change of a failed mutation was made. */
export type GatewayErrorOutcome = 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN'

/** What the gateway says of an error beside its message. */
export interface GatewayErrorExtensions {
  readonly code: GatewayErrorCode
  /** Only of a mutation, and of a request that was refused before it was read. */
  readonly outcome?: GatewayErrorOutcome
  /** Whether the same call may succeed later, and cannot make a second contact or note. */
  readonly retryable: boolean
  /** Milliseconds to wait before that, where they are known. */
  readonly retryAfterMs?: number
  /** How often the change was sent to Callbell. */
  readonly attempts?: number
  /** The id of the request in the log of the gateway. */
  readonly requestId: string
}

/** An error of a GraphQL answer of the gateway. */
export interface GatewayError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions: GatewayErrorExtensions
}

/**
 * Whether an error of a GraphQL answer is one of the gateway. A proxy or another server may answer, too.
 *
 * @param error one of the `errors` of an answer, as any GraphQL client gives them
 */
export function isGatewayError(error: unknown): error is GatewayError {
  const extensions = propertyOf(error, 'extensions')
  return (
    typeof propertyOf(error, 'message') === 'string' &&
    typeof propertyOf(extensions, 'code') === 'string' &&
    typeof propertyOf(extensions, 'retryable') === 'boolean' &&
    typeof propertyOf(extensions, 'requestId') === 'string'
  )
}
