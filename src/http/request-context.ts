/** What the resolvers of one request are given, whichever way the request takes. */
import type { Caller, ReadAllowance } from '../caller.ts'
import type { Contacts } from '../contacts/contacts.ts'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { GatewayContext } from '../graphql/builder.ts'
import { mostCalls } from '../graphql/limits.ts'
import { RequestReads } from '../graphql/request-reads.ts'
import type { RequestActivity } from '../telemetry/request-activity.ts'

export interface RequestParts {
  readonly contacts: Contacts
  readonly caller: Caller
  readonly activity: RequestActivity
  readonly size: AnswerSize
  readonly readBody: () => Promise<Buffer>
}

export function createRequestContext(parts: RequestParts): GatewayContext {
  const { contacts, caller, activity, size, readBody } = parts
  return {
    contacts,
    caller,
    activity,
    size,
    readBody,
    outcomes: new Map(),
    known: new RequestReads(),
    reads: new Reads(mostCalls),
  }
}

class Reads implements ReadAllowance {
  private left: number

  constructor(most: number) {
    this.left = most
  }

  take(): boolean {
    this.left -= 1
    return this.left >= 0
  }
}
