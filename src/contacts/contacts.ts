/** The operations on contacts that the gateway offers. Each call gets its deadline and budget here. */
import type { CallContext, CallInit } from '../domain/call-context.ts'
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
import type { MutationResult } from './change/mutation-result.ts'
import { createContactLock } from './locks/contact-lock.ts'
import { createCreateAttempts } from './create/attempt-create.ts'
import type { Calibration } from './create/calibration.ts'
import { createCalibration } from './create/calibration.ts'
import type { ContactTarget } from './change/conversation.ts'
import { closeConversation, moveToFunnel, openConversation, setBotStatus } from './change/conversation.ts'
import { deleteContact } from './change/delete-contact.ts'
import type { Outcome } from './attempts/failure.ts'
import { ContactsError } from './attempts/failure.ts'
import { findContact, findContactByBsuid, findContactByPhone } from './read/find-contact.ts'
import type { IdempotencyOptions, KeyedCallState } from './create/idempotency.ts'
import { createIdempotency } from './create/idempotency.ts'
import { createIdentityLocks } from './locks/identity-locks.ts'
import type { ContactListInput } from './read/list-contacts.ts'
import { listContacts } from './read/list-contacts.ts'
import { listMessages } from './read/list-messages.ts'
import { attemptRead } from './attempts/attempts.ts'
import { readAllPages } from './read/read-pages.ts'
import type { RetryBudgets } from '../rate-limit/retry-budget.ts'
import { createCallOnce } from './create/verify-outcome.ts'
import { updateContact } from './change/update-contact.ts'
import type { UpdateContactInput } from './rules/update-rules.ts'

export interface Contacts {
  /** @param init its caller owns the idempotency key */
  create(input: CreateContactInput, init: CallInit): Promise<CreateContactResult>
  /** Adds a note to the conversation of a contact. @param init as in `create` */
  addNote(input: AddNoteInput, init: CallInit): Promise<AddNoteResult>
  /**
   * @param hasFieldTypes whether to read the types of custom fields. Default: false
   * @param findCached finds the contact without a call, if another read of the same request gets it
   *   before `until`, on the clock of `performance.now()`
   */
  find(
    uuid: string,
    init: CallInit,
    hasFieldTypes?: boolean,
    findCached?: (until: number) => Promise<Contact | undefined>,
  ): Promise<Contact | null>
  findByPhone(
    phoneNumber: string,
    channelUuid: string | null | undefined,
    init: CallInit,
  ): Promise<Contact | null>
  update(input: UpdateContactInput, init: CallInit): Promise<MutationResult<Contact>>
  delete(target: ContactTarget, init: CallInit): Promise<MutationResult<string>>
  closeConversation(target: ContactTarget, init: CallInit): Promise<MutationResult<Contact>>
  openConversation(target: ContactTarget, init: CallInit): Promise<MutationResult<Contact>>
  moveToFunnel(
    target: ContactTarget & { readonly funnelUuid: string },
    init: CallInit,
  ): Promise<MutationResult<Contact>>
  setBotStatus(
    target: ContactTarget & { readonly status: BotStatus },
    init: CallInit,
  ): Promise<MutationResult<Bot>>
  findByBsuid(bsuid: string, init: CallInit): Promise<Contact | null>
  list(input: ContactListInput, init: CallInit): Promise<Connection<Contact>>
  /** @param uuid of the contact */
  messages(uuid: string, pageArgs: PageArgs, init: CallInit): Promise<Connection<Message>>
  /**
   * @param uuid of the contact
   * @returns null if it has none
   */
  bot(uuid: string, init: CallInit): Promise<Bot | null>
  teams(init: CallInit): Promise<readonly Team[]>
  channels(init: CallInit): Promise<readonly Channel[]>
  funnels(init: CallInit): Promise<readonly Funnel[]>
  /** Reads what is stored of a keyed create or note of this caller; null: nothing. Callbell is not asked. */
  findKeyed(key: string, init: CallInit): Promise<KeyedCallState | null>
  /** Whether lookups are known to find what was created. */
  readonly calibration: Pick<Calibration, 'isProved'>
  /**
   * Checks once whether Callbell accepts the token. The answer also shows Callbell's time, which lookups need to
   * compare when something was created. A failure is only logged.
   *
   * @returns whether Callbell accepts the token
   */
  checkToken(): Promise<boolean>
  /**
   * Refuses calls from now on.
   *
   * @returns once the calls in flight have ended
   */
  stop(): Promise<void>
}

export interface ContactsParts {
  readonly callbell: CallbellClient
  readonly store: Store
  /** Pay for retries and lookups. */
  readonly budgets: RetryBudgets
  readonly log: Logger
  /** Observes the gateway's own calls to Callbell. */
  readonly background: CallObserver
  /** Default: the clock of the machine. */
  readonly wallClock?: WallClock | undefined
  /** The kinds of creations whose lookups count as proved from the start. Default: none. */
  readonly proved?: readonly CreationKind[] | undefined
}

export interface ContactsOptions extends IdempotencyOptions {
  /** Whether creates and notes are refused without an idempotency key. */
  readonly isKeyRequired: boolean
  /** Milliseconds for queue, attempts and lookups of a call together. */
  readonly timeoutMs: number
}

export function createContacts(
  { callbell, store, budgets, log, background, wallClock, proved }: ContactsParts,
  options: ContactsOptions,
): Contacts {
  /** The context of a call that starts now. */
  function begin(init: CallInit): CallContext {
    const { timeoutMs } = options
    const budget = budgets.of(init.caller.bucket)
    return { ...init, deadline: performance.now() + timeoutMs, timeoutMs, budget }
  }

  /** The context of a call on behalf of the gateway itself. */
  function beginOwn(): CallContext {
    return begin({
      caller: { name: 'gateway', bucket: 'gateway', scopes: new Set() },
      requestId: 'gateway',
      startedAt: momentNow(wallClock),
      observer: background,
      allowance: { takeRead: () => undefined, hold: () => undefined },
    })
  }

  const calibration = createCalibration({ createCall: () => createCallOnce(beginOwn()), log, proved })
  const attempts = createCreateAttempts({ calibration, timeAt: callbell.timeAt })
  const lock = createContactLock(store)
  const identities = createIdentityLocks(store, log, options)
  const idempotency = createIdempotency({ store, attempts, identities, log, wallClock }, options)
  const once = { attempts, identities, idempotency, isKeyRequired: options.isKeyRequired }
  /** Not a set of calls: V8 would not collect the calls of a set that is filled and emptied all the time. */
  let running = 0
  const allEnded = Promise.withResolvers<void>()
  let isStopped = false

  /** @param outcome of a call that is refused because the process ends; undefined for a read */
  async function run<T>(
    init: CallInit,
    outcome: Outcome | undefined,
    call: (context: CallContext) => Promise<T>,
  ): Promise<T> {
    if (isStopped) {
      const details = { retryable: true, ...(outcome && { outcome }) }
      throw new ContactsError('OVERLOADED', 'the process is shutting down', details)
    }
    running += 1
    try {
      return await call(begin(init))
    } finally {
      running -= 1
      if (isStopped && running === 0) allEnded.resolve()
    }
  }

  /** Runs a change of something that exists. */
  function change<T>(init: CallInit, call: (context: CallContext) => Promise<T>): Promise<T> {
    return run(init, 'NOT_APPLIED', (context) => {
      context.budget.earn()
      return call(context)
    })
  }

  function query<T>(init: CallInit, call: (context: CallContext) => Promise<T>): Promise<T> {
    return run(init, undefined, call)
  }

  return {
    create: (input, init) =>
      run(init, notStarted(input), (context) => createContact(callbell, once, input, context)),
    addNote: (input, init) =>
      run(init, notStarted(input), (context) => addNote(callbell, once, input, context)),
    findKeyed: (key, init) => query(init, (context) => idempotency.find(key, context)),
    find: (uuid, init, hasFieldTypes, findCached) =>
      query(init, (context) => {
        // A call that waits for another read needs time for a read of its own after that.
        const until = context.deadline - context.timeoutMs / 2
        return findContact(callbell, uuid, hasFieldTypes, findCached && (() => findCached(until)), context)
      }),
    findByPhone: (phoneNumber, channelUuid, init) =>
      query(init, (context) => findContactByPhone(callbell, phoneNumber, channelUuid, context)),
    findByBsuid: (bsuid, init) => query(init, (context) => findContactByBsuid(callbell, bsuid, context)),
    list: (input, init) => query(init, (context) => listContacts(callbell, input, context)),
    messages: (uuid, pageArgs, init) =>
      query(init, (context) => listMessages(callbell, uuid, pageArgs, context)),
    bot: (uuid, init) =>
      query(init, (context) => attemptRead(context, (attempt) => callbell.getBot(uuid, attempt))),
    teams: (init) =>
      query(init, (context) => readAllPages((page, attempt) => callbell.listTeams(page, attempt), context)),
    channels: (init) =>
      query(init, (context) =>
        readAllPages((page, attempt) => callbell.listChannels(page, attempt), context),
      ),
    funnels: (init) =>
      query(init, (context) => readAllPages((page, attempt) => callbell.listFunnels(page, attempt), context)),
    update: (input, init) => change(init, (context) => updateContact(callbell, lock, input, context)),
    delete: (target, init) => change(init, (context) => deleteContact(callbell, target, context)),
    closeConversation: (target, init) =>
      change(init, (context) => closeConversation(callbell, target, context)),
    openConversation: (target, init) =>
      change(init, (context) => openConversation(callbell, target, context)),
    moveToFunnel: (target, init) => change(init, (context) => moveToFunnel(callbell, target, context)),
    setBotStatus: (target, init) => change(init, (context) => setBotStatus(callbell, target, context)),
    calibration,
    async checkToken() {
      const context = beginOwn()
      try {
        await callbell.checkToken({ context, queueBy: context.deadline, respondBy: context.deadline })
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

/** The outcome of a call that does not start. What an earlier call with the key has done is unknown. */
function notStarted({ idempotencyKey }: Pick<AddNoteInput, 'idempotencyKey'>): Outcome {
  return idempotencyKey ? 'UNKNOWN' : 'NOT_APPLIED'
}
