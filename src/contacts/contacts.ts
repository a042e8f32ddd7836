/** What this gateway promises about contacts, as one object: each call gets its deadline here. */
import type { CallbellClient } from '../callbell/client.ts'
import type { Contact } from '../contact.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/log.ts'
import type { CreateContactInput, CreateContactResult } from './create-contact.ts'
import { createContact } from './create-contact.ts'
import { ContactsFailure } from './failure.ts'
import { findContact, findContactByPhone } from './find-contact.ts'
import type { IdempotencyOptions } from './idempotency.ts'
import { createIdempotency } from './idempotency.ts'
import { createRetryBudget } from './retry-budget.ts'
import type { SendOptions } from './send-contact.ts'
import { createSender } from './send-contact.ts'

export interface Contacts {
  /** @param caller whose idempotency keys these are */
  create(input: CreateContactInput, caller: string): Promise<CreateContactResult>
  find(uuid: string): Promise<Contact | null>
  findByPhone(phoneNumber: string, channelUuid: string | null | undefined): Promise<Contact | null>
  /** From here on, calls that have not started are refused; those that have go on to their end. */
  stop(): void
}

export interface ContactsParts {
  readonly callbell: CallbellClient
  readonly store: Store
  readonly log: Logger
}

export function createContacts(
  { callbell, store, log }: ContactsParts,
  options: SendOptions & IdempotencyOptions,
): Contacts {
  const budget = createRetryBudget()
  const sender = createSender(callbell, budget, options)
  const idempotency = createIdempotency(store, sender, log, options)
  let isStopped = false

  /** @returns the deadline of a call that starts now */
  function start(isChange: boolean): number {
    if (!isStopped) return performance.now() + options.timeoutMs
    const outcome = isChange ? ({ outcome: 'NOT_APPLIED' } as const) : {}
    throw new ContactsFailure('OVERLOADED', 'the process is about to end', { ...outcome, retryable: true })
  }

  return {
    create: async (input, caller) =>
      createContact({ sender, budget, idempotency }, input, caller, start(true)),
    find: async (uuid) => findContact(callbell, uuid, start(false)),
    findByPhone: async (phoneNumber, channelUuid) =>
      findContactByPhone(callbell, phoneNumber, channelUuid, start(false)),
    stop() {
      isStopped = true
    },
  }
}
