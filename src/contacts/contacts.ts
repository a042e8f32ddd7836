/** What this gateway promises about contacts, as one object: each call gets its deadline here. */
import type { Origin } from '../domain/caller.ts'
import type { CallbellClient } from '../callbell/client.ts'
import type { Bot, BotStatus, Channel, Contact, Funnel, Message, Team } from '../domain/contact.ts'
import type { WallClock } from '../domain/moment.ts'
import { momentNow } from '../domain/moment.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../domain/logger.ts'
import type { CallObserver, CreationKind } from '../domain/call-observer.ts'
import type { Connection, PageArgs } from './read/paginate.ts'
import type { AddNoteInput, AddNoteResult } from './create/add-note.ts'
import { addNote } from './create/add-note.ts'
import type { CreateContactInput, CreateContactResult } from './create/create-contact.ts'
import { createContact } from './create/create-contact.ts'
import type { MutationResult } from './rules/mutation-result.ts'
import { createContactLock } from './change/contact-lock.ts'
import { createCreateAttempts } from './create/attempt-create.ts'
import type { Calibration } from './create/calibration.ts'
import { createCalibration } from './create/calibration.ts'
import type { ContactTarget } from './change/conversation.ts'
import { closeConversation, moveToFunnel, openConversation, setBotStatus } from './change/conversation.ts'
import { deleteContact } from './change/delete-contact.ts'
import type { Outcome } from './attempts/failure.ts'
import { ContactsError } from './attempts/failure.ts'
import { findContact, findContactByBsuid, findContactByPhone } from './read/find-contact.ts'
import type { IdempotencyOptions } from './create/idempotency.ts'
import { createIdempotency } from './create/idempotency.ts'
import { createIdentityLocks } from './create/identity-turns.ts'
import type { ContactListInput } from './read/list-contacts.ts'
import { listContacts } from './read/list-contacts.ts'
import { listMessages } from './read/list-messages.ts'
import type { Read } from './attempts/read.ts'
import { createRead } from './attempts/read.ts'
import { readAllPages } from './read/read-pages.ts'
import type { RetryBudgets } from '../rate-limit/retry-budget.ts'
import type { Repeating } from './attempts/retry-idempotent.ts'
import { createCallOnce } from './create/verify-outcome.ts'
import { updateContact } from './change/update-contact.ts'
import type { UpdateContactInput } from './rules/update-rules.ts'

export interface Contacts {
  /** @param origin whose idempotency keys these are, and who is told of each request */
  create(input: CreateContactInput, origin: Origin): Promise<CreateContactResult>
  /** Adds a note to the conversation of a contact. @param origin as in `create` */
  addNote(input: AddNoteInput, origin: Origin): Promise<AddNoteResult>
  /**
   * @param hasFieldTypes whether the types of custom fields are wanted. Default: false
   * @param elsewhere finds the contact without a call, where another read of the same request gets it
   *   before `until`, on the clock of `performance.now()`
   */
  find(
    uuid: string,
    origin: Origin,
    hasFieldTypes?: boolean,
    elsewhere?: (until: number) => Promise<Contact | undefined>,
  ): Promise<Contact | null>
  findByPhone(
    phoneNumber: string,
    channelUuid: string | null | undefined,
    origin: Origin,
  ): Promise<Contact | null>
  update(input: UpdateContactInput, origin: Origin): Promise<MutationResult<Contact>>
  delete(target: ContactTarget, origin: Origin): Promise<MutationResult<string>>
  closeConversation(target: ContactTarget, origin: Origin): Promise<MutationResult<Contact>>
  openConversation(target: ContactTarget, origin: Origin): Promise<MutationResult<Contact>>
  moveToFunnel(
    target: ContactTarget & { readonly funnelUuid: string },
    origin: Origin,
  ): Promise<MutationResult<Contact>>
  setBotStatus(
    target: ContactTarget & { readonly status: BotStatus },
    origin: Origin,
  ): Promise<MutationResult<Bot>>
  findByBsuid(bsuid: string, origin: Origin): Promise<Contact | null>
  list(input: ContactListInput, origin: Origin): Promise<Connection<Contact>>
  /** @param uuid of the contact */
  messages(uuid: string, step: PageArgs, origin: Origin): Promise<Connection<Message>>
  /**
   * @param uuid of the contact
   * @returns null where it has none
   */
  bot(uuid: string, origin: Origin): Promise<Bot | null>
  teams(origin: Origin): Promise<readonly Team[]>
  channels(origin: Origin): Promise<readonly Channel[]>
  funnels(origin: Origin): Promise<readonly Funnel[]>
  /** Whether lookups are known to find what was created. */
  readonly calibration: Pick<Calibration, 'isProved'>
  /**
   * Asks Callbell once whether it accepts the token, which also shows what time it is there: without that, a
   * lookup can't compare when something was created. A failure is logged, and changes nothing.
   *
   * @returns whether it does
   */
  checkToken(): Promise<boolean>
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
  /** What retries and lookups are paid from. */
  readonly budgets: RetryBudgets
  readonly log: Logger
  /** Observes the gateway's own calls to Callbell. */
  readonly background: CallObserver
  /** Default: the clock of the machine. */
  readonly wallClock?: WallClock | undefined
  /** Whose lookups are proved from the start. Default: none. */
  readonly proved?: readonly CreationKind[] | undefined
}

export interface ContactsOptions extends IdempotencyOptions {
  /** Milliseconds for queue, attempts and lookups of a call together. */
  readonly timeoutMs: number
}

export function createContacts(
  { callbell, store, budgets, log, background, wallClock, proved }: ContactsParts,
  options: ContactsOptions,
): Contacts {
  /** On behalf of the gateway itself. */
  const ownOrigin = (): Origin => ({
    caller: { name: 'gateway', bucket: 'gateway', scopes: new Set() },
    requestId: 'gateway',
    startedAt: momentNow(wallClock),
    observer: background,
    allowance: { takeRead: () => undefined, hold: () => undefined },
  })
  const calibration = createCalibration({
    createCall: () =>
      createCallOnce(ownOrigin(), performance.now() + options.timeoutMs, budgets.of('gateway')),
    log,
    proved,
  })
  const attempts = createCreateAttempts({ budgets, calibration, timeAt: callbell.timeAt, wallClock }, options)
  const lock = createContactLock(store)
  const identities = createIdentityLocks(store, log, options)
  const idempotency = createIdempotency({ store, attempts, identities, log, wallClock }, options)
  const once = { attempts, identities, budgets, idempotency }
  /** Not a set of them: one that is filled and emptied all the time keeps them from being collected. */
  let running = 0
  const allEnded = Promise.withResolvers<void>()
  let isStopped = false

  /** Runs a call with its deadline, on the clock of `performance.now()`. */
  async function run<T>(outcome: Outcome | undefined, call: (deadline: number) => Promise<T>): Promise<T> {
    if (isStopped) {
      const details = { retryable: true, ...(outcome && { outcome }) }
      throw new ContactsError('OVERLOADED', 'the process is about to end', details)
    }
    running += 1
    try {
      return await call(performance.now() + options.timeoutMs)
    } finally {
      running -= 1
      if (isStopped && running === 0) allEnded.resolve()
    }
  }

  /** A change that comes to the same however often it is made. */
  function change<T>(origin: Origin, make: (repeating: Repeating) => Promise<T>): Promise<T> {
    return run('NOT_APPLIED', (deadline) => {
      const budget = budgets.of(origin.caller.bucket)
      budget.earn()
      return make({ origin, deadline, budget })
    })
  }

  function runRead<T>(origin: Origin, call: (read: Read, deadline: number) => Promise<T>): Promise<T> {
    return run(undefined, (deadline) => {
      // A read that gets its turn too late would not be answered in time.
      const queueBy = deadline - options.timeoutMs / 5
      const read = createRead(budgets.of(origin.caller.bucket), { origin, queueBy, respondBy: deadline })
      return call(read, deadline)
    })
  }

  return {
    create: (input, origin) =>
      run(notStarted(input), (deadline) => createContact(callbell, once, input, origin, deadline)),
    addNote: (input, origin) =>
      run(notStarted(input), (deadline) => addNote(callbell, once, input, origin, deadline)),
    find: (uuid, origin, hasFieldTypes, elsewhere) =>
      runRead(origin, (read, deadline) => {
        // What waits for another read shares its deadline with it, and needs time for a read of its own.
        const until = deadline - options.timeoutMs / 2
        return findContact(callbell, uuid, hasFieldTypes, elsewhere && (() => elsewhere(until)), read)
      }),
    findByPhone: (phoneNumber, channelUuid, origin) =>
      runRead(origin, (read) => findContactByPhone(callbell, phoneNumber, channelUuid, read)),
    update: (input, origin) =>
      change(origin, (repeating) => updateContact({ callbell, lock }, input, repeating)),
    delete: (target, origin) => change(origin, (repeating) => deleteContact(callbell, target, repeating)),
    closeConversation: (target, origin) =>
      change(origin, (repeating) => closeConversation(callbell, target, repeating)),
    openConversation: (target, origin) =>
      change(origin, (repeating) => openConversation(callbell, target, repeating)),
    moveToFunnel: (target, origin) =>
      change(origin, (repeating) => moveToFunnel(callbell, target, repeating)),
    setBotStatus: (target, origin) =>
      change(origin, (repeating) => setBotStatus(callbell, target, repeating)),
    findByBsuid: (bsuid, origin) => runRead(origin, (read) => findContactByBsuid(callbell, bsuid, read)),
    list: (input, origin) => runRead(origin, (read) => listContacts(callbell, input, read)),
    messages: (uuid, step, origin) => runRead(origin, (read) => listMessages(callbell, uuid, step, read)),
    bot: (uuid, origin) => runRead(origin, (read) => read((times) => callbell.getBot(uuid, times))),
    teams: (origin) =>
      runRead(origin, (read) => readAllPages(read, (page, times) => callbell.listTeams(page, times))),
    channels: (origin) =>
      runRead(origin, (read) => readAllPages(read, (page, times) => callbell.listChannels(page, times))),
    funnels: (origin) =>
      runRead(origin, (read) => readAllPages(read, (page, times) => callbell.listFunnels(page, times))),
    calibration,
    async checkToken() {
      const deadline = performance.now() + options.timeoutMs
      try {
        await callbell.checkToken({ origin: ownOrigin(), queueBy: deadline, respondBy: deadline })
        return true
      } catch (error) {
        log.warn({ reason: String(error) }, 'Callbell did not confirm the token')
        return false
      }
    },
    async stop() {
      isStopped = true
      if (running > 0) await allEnded.promise
    },
  }
}

/** Of a key that can't be asked after, nobody can tell what an earlier call has done. */
function notStarted({ idempotencyKey }: Pick<AddNoteInput, 'idempotencyKey'>): Outcome {
  return idempotencyKey ? 'UNKNOWN' : 'NOT_APPLIED'
}
