/** What this gateway promises about contacts, as one object: each call gets its deadline here. */
import type { Origin } from '../caller.ts'
import type { CallbellClient } from '../callbell/client.ts'
import type { Bot, BotStatus, Channel, Contact, Funnel, Message, Team } from '../contact.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Connection, Step } from './connection.ts'
import type { AddNoteInput, AddNoteResult } from './add-note.ts'
import { addNote } from './add-note.ts'
import type { CreateContactInput, CreateContactResult } from './create-contact.ts'
import { createContact } from './create-contact.ts'
import type { Changed } from './change.ts'
import { createContactLock } from './contact-lock.ts'
import type { ContactTarget } from './conversation.ts'
import { closeConversation, moveToFunnel, openConversation, setBotStatus } from './conversation.ts'
import { deleteContact } from './delete-contact.ts'
import type { Outcome } from './failure.ts'
import { ContactsFailure } from './failure.ts'
import { findContact, findContactByBsuid, findContactByPhone } from './find-contact.ts'
import { createIdempotency } from './idempotency.ts'
import type { KeyRecordOptions } from './key-records.ts'
import type { ContactListInput } from './list-contacts.ts'
import { listContacts } from './list-contacts.ts'
import { listMessages } from './list-messages.ts'
import type { Read } from './read.ts'
import { createRead } from './read.ts'
import { readPages } from './read-pages.ts'
import type { RetryBudgets } from './retry-budget.ts'
import type { Repeating } from './repeat.ts'
import type { SendOptions } from './sender.ts'
import { createSender } from './sender.ts'
import { updateContact } from './update-contact.ts'
import type { UpdateContactInput } from './update-rules.ts'

export interface Contacts {
  /** @param origin whose idempotency keys these are, and who is told of each request */
  create(input: CreateContactInput, origin: Origin): Promise<CreateContactResult>
  /** Adds a note to the conversation of a contact. @param origin as in `create` */
  addNote(input: AddNoteInput, origin: Origin): Promise<AddNoteResult>
  /** @param hasFieldTypes whether the types of custom fields are wanted. Default: false */
  find(uuid: string, origin: Origin, hasFieldTypes?: boolean): Promise<Contact | null>
  findByPhone(
    phoneNumber: string,
    channelUuid: string | null | undefined,
    origin: Origin,
  ): Promise<Contact | null>
  update(input: UpdateContactInput, origin: Origin): Promise<Changed<Contact>>
  delete(target: ContactTarget, origin: Origin): Promise<Changed<string>>
  closeConversation(target: ContactTarget, origin: Origin): Promise<Changed<Contact>>
  openConversation(target: ContactTarget, origin: Origin): Promise<Changed<Contact>>
  moveToFunnel(
    target: ContactTarget & { readonly funnelUuid: string },
    origin: Origin,
  ): Promise<Changed<Contact>>
  setBotStatus(target: ContactTarget & { readonly status: BotStatus }, origin: Origin): Promise<Changed<Bot>>
  findByBsuid(bsuid: string, origin: Origin): Promise<Contact | null>
  list(input: ContactListInput, origin: Origin): Promise<Connection<Contact>>
  /** @param uuid of the contact */
  messages(uuid: string, step: Step, origin: Origin): Promise<Connection<Message>>
  /**
   * @param uuid of the contact
   * @returns null where it has none
   */
  bot(uuid: string, origin: Origin): Promise<Bot | null>
  teams(origin: Origin): Promise<readonly Team[]>
  channels(origin: Origin): Promise<readonly Channel[]>
  funnels(origin: Origin): Promise<readonly Funnel[]>
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
}

export function createContacts(
  { callbell, store, budgets, log }: ContactsParts,
  options: SendOptions & KeyRecordOptions,
): Contacts {
  const sender = createSender(budgets, options)
  const lock = createContactLock(store)
  const once = { sender, budgets, idempotency: createIdempotency(store, sender, log, options) }
  /** Not a set of them: one that is filled and emptied all the time keeps them from being collected. */
  let running = 0
  const allEnded = Promise.withResolvers<void>()
  let isStopped = false

  /** Runs a call with its deadline, on the clock of `performance.now()`. */
  async function run<T>(outcome: Outcome | undefined, call: (deadline: number) => Promise<T>): Promise<T> {
    if (isStopped) {
      const details = { retryable: true, ...(outcome && { outcome }) }
      throw new ContactsFailure('OVERLOADED', 'the process is about to end', details)
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

  function runRead<T>(origin: Origin, call: (read: Read) => Promise<T>): Promise<T> {
    return run(undefined, (deadline) => {
      // A read that gets its turn too late would not be answered in time.
      const enterBy = deadline - options.timeoutMs / 5
      return call(createRead(budgets.of(origin.caller.bucket), { origin, enterBy, answerBy: deadline }))
    })
  }

  return {
    create: (input, origin) =>
      run(unstarted(input), (deadline) => createContact(callbell, once, input, origin, deadline)),
    addNote: (input, origin) =>
      run(unstarted(input), (deadline) => addNote(callbell, once, input, origin, deadline)),
    find: (uuid, origin, hasFieldTypes) =>
      runRead(origin, (read) => findContact(callbell, uuid, hasFieldTypes, read)),
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
      runRead(origin, (read) => readPages(read, (page, times) => callbell.listTeams(page, times))),
    channels: (origin) =>
      runRead(origin, (read) => readPages(read, (page, times) => callbell.listChannels(page, times))),
    funnels: (origin) =>
      runRead(origin, (read) => readPages(read, (page, times) => callbell.listFunnels(page, times))),
    async stop() {
      isStopped = true
      if (running > 0) await allEnded.promise
    },
  }
}

/** Of a key that can't be asked after, nobody can tell what an earlier call has done. */
function unstarted({ idempotencyKey }: Pick<AddNoteInput, 'idempotencyKey'>): Outcome {
  return idempotencyKey ? 'UNKNOWN' : 'NOT_APPLIED'
}
