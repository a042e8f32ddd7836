/** The record of one finished GraphQL request. */
import type { FieldRecorder, FieldEnd } from './field-recorder.ts'

export interface Operation {
  readonly type: 'query' | 'mutation' | 'subscription'
  /** From the document, cut to 64 characters; undefined for an anonymous operation. */
  readonly name: string | undefined
  /** The document. */
  readonly text: string
}

export interface RecordedField {
  readonly field: FieldRecorder
  readonly end: FieldEnd
}

export interface RequestRecord {
  readonly requestId: string
  readonly traceId: string | undefined
  /** The caller's name, or its address (IPv6: its /64) where callers have no names; undefined if not authenticated. */
  readonly caller: string | undefined
  /** The peer address of the connection, if known. */
  readonly address: string | undefined
  /** Undefined where the document could not be parsed. */
  readonly operation: Operation | undefined
  /** Code of the first error; undefined where there is none. */
  readonly code: string | undefined
  /** Why it was rejected: a fixed message. */
  readonly reason: string | undefined
  readonly hasUnexpectedError: boolean
  /** Whether the client closed the connection before the response was ready. */
  readonly isClientDisconnected: boolean
  /** Fields that call Callbell, in the order in which they ended. */
  readonly fields: readonly RecordedField[]
}
