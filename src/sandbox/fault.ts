/** A request that arrived at the sandbox, and how the sandbox fails it. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Route } from './route.ts'

/** A request as it arrived. */
export interface RecordedRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Parsed JSON; undefined if the body is not valid JSON. */
  readonly body: unknown
}

/** A fault of one request. */
export interface Fault {
  /** Applies to requests with this method only. Default: any. */
  readonly on?: Route['method']
  /** Whether the request is carried out before the fault, for example a contact is stored. Default: false. */
  readonly afterWork?: boolean
  /** The delay before the reply, in milliseconds. */
  readonly delayMs?: number
  /** Replaces the normal reply. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string is sent unchanged, anything else as JSON. Default for a status from 400: an error of Callbell. */
  readonly body?: unknown
  /** Closes the connection instead of replying. */
  readonly drop?: boolean
  /** With `drop` or `status`: carries out the request nevertheless, this many milliseconds after the fault. */
  readonly workAfterMs?: number
}
