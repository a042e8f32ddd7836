/** What this gateway promises about contacts, as one object: each call gets its deadline here. */
import type { Origin } from '../caller.ts'
import type { CallbellClient, Times } from '../callbell/client.ts'
import type { Contact } from '../contact.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/log.ts'
import type { CreateContactInput, CreateContactResult } from './create-contact.ts'
import { createContact } from './create-contact.ts'
import type { Outcome } from './failure.ts'
import { ContactsFailure } from './failure.ts'
import { findContact, findContactByPhone } from './find-contact.ts'
import type { IdempotencyOptions } from './idempotency.ts'
import { createIdempotency } from './idempotency.ts'
import { createRetryBudget } from './retry-budget.ts'
import type { SendOptions } from './send-contact.ts'
import { createSender } from './send-contact.ts'

export interface Contacts {
  /** @param origin whose idempotency keys these are, and who is told of each request */
  create(input: CreateContactInput, origin: Origin): Promise<CreateContactResult>
  find(uuid: string, origin: Origin): Promise<Contact | null>
  findByPhone(
    phoneNumber: string,
    channelUuid: string | null | undefined,
    origin: Origin,
  ): Promise<Contact | null>
  /**
   * From here on, calls that have not started are refused.
   *
   * @returns when those that have started have ended
   */
  stop(): Promise<void>
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
  const running = new Set<Promise<unknown>>()
  let isStopped = false

  /** Runs a call with its deadline, on the clock of `performance.now()`. */
  async function run<T>(outcome: Outcome | undefined, call: (deadline: number) => Promise<T>): Promise<T> {
    if (isStopped) {
      const details = { retryable: true, ...(outcome && { outcome }) }
      throw new ContactsFailure('OVERLOADED', 'the process is about to end', details)
    }
    const result = call(performance.now() + options.timeoutMs)
    running.add(result)
    try {
      return await result
    } finally {
      running.delete(result)
    }
  }

  /** A read that gets its turn too late would not be answered in time. */
  const timesOfRead = (origin: Origin, deadline: number): Times => ({
    origin,
    enterBy: deadline - options.timeoutMs / 5,
    answerBy: deadline,
  })

  return {
    create: (input, origin) =>
      // Of a key that can't be asked after, nobody can tell what an earlier call has done.
      run(input.idempotencyKey ? 'UNKNOWN' : 'NOT_APPLIED', (deadline) =>
        createContact({ sender, budget, idempotency }, input, origin, deadline),
      ),
    find: (uuid, origin) =>
      run(undefined, (deadline) => findContact(callbell, uuid, timesOfRead(origin, deadline))),
    findByPhone: (phoneNumber, channelUuid, origin) =>
      run(undefined, (deadline) =>
        findContactByPhone(callbell, phoneNumber, channelUuid, timesOfRead(origin, deadline)),
      ),
    async stop() {
      isStopped = true
      await Promise.allSettled(running)
    },
  }
}
