/** What is known of one GraphQL request in the end. */
import type { FieldActivity, FieldEnd } from './field-activity.ts'

export interface Operation {
  readonly type: 'query' | 'mutation' | 'subscription'
  /** As its document names it, though no longer than 64 characters; undefined where it does not. */
  readonly name: string | undefined
  /** The document's text. */
  readonly text: string
}

export interface RecordedField {
  readonly field: FieldActivity
  readonly end: FieldEnd
}

export interface RequestRecord {
  readonly requestId: string
  readonly traceId: string | undefined
  /** The caller's name, or, where callers have none, its address (IPv6: its /64); undefined of whoever was not let in. */
  readonly caller: string | undefined
  /** Of the connection, as far as it is known. */
  readonly address: string | undefined
  /** Undefined where it could not be read. */
  readonly operation: Operation | undefined
  /** Of the first error; undefined where there is none. */
  readonly code: string | undefined
  /** Why it was refused, in words of ours. */
  readonly reason: string | undefined
  readonly hasBug: boolean
  /** Whether its caller had closed the connection before the answer was there. */
  readonly isCallerGone: boolean
  /** Those that call Callbell, in the order in which they ended. */
  readonly fields: readonly RecordedField[]
}
