/** One call of the API, and what is done for it. */
import type { ContactRepository } from './contact-repository.ts'
import type { WireContact } from './wire.ts'
import type { Reply } from './reply.ts'

/** What the routes work with. */
export interface Context {
  readonly contacts: ContactRepository
  /** Wraps a contact for an answer. */
  readonly show: (contact: WireContact) => { readonly contact: unknown }
}

export interface Call {
  /** What stands in the place of the path's `*`. */
  readonly id: string
  readonly query: URLSearchParams
  readonly body: unknown
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/v1`; `*` stands for any one segment. */
  readonly path: string
  /** The query parameters that it knows; any other is refused. Default: none. */
  readonly query?: readonly string[]
  handle(call: Call): Reply
}
