/** The schema builder, and the context of resolvers. It defines no types. */
import SchemaBuilder from '@pothos/core'
import type { ExecutionResult } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Caller, RequestAllowance } from '../domain/caller.ts'
import type { Contacts } from '../contacts/contacts.ts'
import type { Outcome } from '../contacts/attempts/failure.ts'
import type { RequestRecorder } from '../telemetry/request-recorder.ts'
import type { AnswerSize } from './answer-size.ts'
import type { RequestCache } from './request-cache.ts'

/** The context of one request. */
export interface GatewayContext {
  readonly contacts: Contacts
  readonly caller: Caller
  /** Records the request for the log, the metrics and the trace. */
  readonly recorder: RequestRecorder
  /** The outcome of each change that has started, by its field's name in the response. */
  readonly outcomes: Map<string | number, Outcome>
  /** Caches reads for this request. */
  readonly cache: RequestCache
  /** Limits the reads and the memory of this request. */
  readonly allowance: RequestAllowance
  /** Measures the response while it is created. */
  readonly size: AnswerSize
  /** Reads the request's body. Rejects with a RequestError. */
  readonly readBody: () => Promise<Buffer>
  /** The result of the operation, if the fast path has run it. */
  readonly result?: ExecutionResult
}

export type GatewayPlugin = Plugin<GatewayContext, GatewayContext>

export const builder = new SchemaBuilder<{
  Context: GatewayContext
  Scalars: {
    DateTime: { Input: string; Output: string }
    ID: { Input: string; Output: string }
  }
}>({})

builder.queryType({ description: 'Reads. They change nothing and are safe to repeat.' })
builder.mutationType({
  description:
    'Changes. The fields of one mutation run in sequence. A field that fails does not undo the others.',
})

builder.scalarType('DateTime', {
  description:
    'A date and time in RFC 3339 format, for example `2020-11-13T21:08:53Z`. JavaScript reads it by `new Date(value)`. The time is unchanged from Callbell’s answer.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  // The codec has already validated the format.
  serialize: (value) => value,
})
