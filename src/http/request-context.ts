/** Creates the context of resolvers, for both paths of a request. */
import type { Caller, RequestAllowance } from '../domain/caller.ts'
import type { Contacts } from '../contacts/contacts.ts'
import { ContactsError } from '../contacts/attempts/failure.ts'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { GatewayContext } from '../graphql/builder.ts'
import { maxCalls } from '../graphql/field-cost.ts'
import { RequestCache } from '../graphql/request-cache.ts'
import type { RequestRecorder } from '../telemetry/request-recorder.ts'

export interface RequestParts {
  readonly contacts: Contacts
  readonly caller: Caller
  readonly recorder: RequestRecorder
  readonly size: AnswerSize
  readonly readBody: () => Promise<Buffer>
}

export function createRequestContext(parts: RequestParts): GatewayContext {
  const { contacts, caller, recorder, size, readBody } = parts
  return {
    contacts,
    caller,
    recorder,
    size,
    readBody,
    outcomes: new Map(),
    cache: new RequestCache(),
    allowance: new Allowance(maxCalls, size),
  }
}

class Allowance implements RequestAllowance {
  private readsLeft: number
  private readonly size: AnswerSize

  constructor(maxReads: number, size: AnswerSize) {
    this.readsLeft = maxReads
    this.size = size
  }

  takeRead(): void {
    // A response that was given up needs no further read.
    if (this.size.excess) throw this.size.excess
    this.readsLeft -= 1
    if (this.readsLeft >= 0) return
    throw new ContactsError('QUERY_TOO_COMPLEX', 'the operation has made all its reads', { retryable: false })
  }

  hold(bytes: number): void {
    this.size.hold(bytes)
  }
}
