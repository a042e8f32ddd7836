/** The client for frontends: the typed documents, the types of errors, and `once`. */
export * from './documents.ts'
export type {
  GatewayError,
  GatewayErrorCode,
  GatewayErrorExtensions,
  GatewayErrorOutcome,
} from './gateway-error.ts'
export { gatewayErrorCodes, isGatewayError } from './gateway-error.ts'
export { pendingVariables } from './action.ts'
export { once } from './once.ts'
export type {
  KeyedData,
  KeyedPayload,
  KeyedVariables,
  OnceClock,
  OnceOptions,
  OnceResult,
  OnceStorage,
  Send,
  SendResult,
} from './once-types.ts'
