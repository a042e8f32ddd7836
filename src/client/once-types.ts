/** The types of `once`. They need neither a browser's types nor Node's. */
import type { GatewayError } from './gateway-error.ts'
import type { TypedDocumentNode } from './typed-document-node.ts'

/** The platform's `AbortSignal`, where the program has its type. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Platform } }
  ? Platform
  : {
      readonly aborted: boolean
      addEventListener(type: 'abort', listener: () => void): void
      removeEventListener(type: 'abort', listener: () => void): void
    }

/** The variables of a mutation that takes an idempotency key. */
export type KeyedVariables = { readonly input: { readonly idempotencyKey?: string | null | undefined } }

/** What such a mutation returns. Select at least these fields. */
export interface KeyedPayload {
  readonly replayed: boolean
  readonly userErrors: readonly object[]
}

/** The data of such a mutation: one field, and perhaps a type name. */
export type KeyedData = { readonly [field: string]: KeyedPayload | string | null | undefined }

/** The user errors of the mutation, with the fields that its document selects. */
export type UserErrorsOf<Data> = Extract<Data[keyof Data], KeyedPayload>['userErrors']

/** A GraphQL answer. */
export interface SendResult {
  readonly data?: unknown
  readonly errors?: readonly unknown[] | null | undefined
}

/**
 * Sends an operation with the GraphQL client of the application, once. It returns the answer, or throws.
 * A client may throw the errors of an answer: `once` finds them in what graphql-request, Apollo Client and
 * urql throw.
 *
 * @param options `signal` is aborted when `once` no longer waits
 */
export type Send = (
  document: TypedDocumentNode<unknown, KeyedVariables>,
  variables: KeyedVariables,
  options: { readonly signal: Signal },
) => PromiseLike<SendResult>

/** Keeps strings across page loads, such as `localStorage`. It may be asynchronous. */
export interface OnceStorage {
  getItem(name: string): string | null | undefined | PromiseLike<string | null | undefined>
  setItem(name: string, value: string): unknown
  removeItem(name: string): unknown
}

/** The time of `once`, for tests. */
export interface OnceClock {
  /** @returns milliseconds, of a clock that is never set */
  now(): number
  /** Resolves after these milliseconds, or as soon as the signal is aborted. It never rejects. */
  sleep(ms: number, signal: Signal): Promise<void>
}

export interface OnceOptions {
  /** After these milliseconds `once` ends with what is known. Default: 120,000 */
  readonly deadlineMs?: number | undefined
  /** After these milliseconds without an answer, a try is repeated. Default: 30,000 */
  readonly tryTimeoutMs?: number | undefined
  /** Ends `once` early, with what is known. */
  readonly signal?: Signal | undefined
  /** Keeps the key and the variables until the outcome is certain. It needs a `name`. */
  readonly storage?: OnceStorage | undefined
  /** The name of the user's action in the storage, for example that of the form. */
  readonly name?: string | undefined
  /**
   * A stored key is not sent after these milliseconds. Keep it below `IDEMPOTENCY_TTL_HOURS` of the gateway.
   * Default: 23 hours
   */
  readonly keyLifetimeMs?: number | undefined
  readonly clock?: OnceClock | undefined
}

/** The change was made. */
export interface Done<Data> {
  readonly status: 'done'
  readonly data: Data
  /** Whether the change was made by an earlier try or call with the key. */
  readonly replayed: boolean
  /** Only if parts of the answer are missing: `null` in `data` stands for them. */
  readonly errors?: readonly GatewayError[]
}

/** The user must change the input. Nothing was created. */
export interface Rejected<Data> {
  readonly status: 'rejected'
  readonly userErrors: UserErrorsOf<Data>
}

/** `failed`: the tries certainly changed nothing. `unknown`: the change may have been made. */
export interface Undone {
  readonly status: 'failed' | 'unknown'
  /** The last failure: a `GatewayError`, what `send` or the storage threw, or the reason of the abort. */
  readonly error: unknown
  /** The key of all tries. A later call with it and the same input is safe. */
  readonly key: string
}

/** How an action ended. */
export type OnceResult<Data> = Done<Data> | Rejected<Data> | Undone
