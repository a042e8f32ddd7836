/** A route of the API, and its handler. */
import type { ContactRepository } from './contact-repository.ts'
import type { WireContact } from './wire.ts'
import type { Reply } from './reply.ts'

/** The dependencies of the routes. */
export interface Context {
  readonly contacts: ContactRepository
  /** Wraps a contact for a reply. */
  readonly show: (contact: WireContact) => { readonly contact: unknown }
}

export interface Call {
  /** The segment that matches the path's `*`. */
  readonly id: string
  readonly query: URLSearchParams
  readonly body: unknown
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Relative to `/v1`. `*` matches any one segment. */
  readonly path: string
  /** The accepted query parameters. Any other is refused. Default: none. */
  readonly query?: readonly string[]
  handle(call: Call): Reply
}
