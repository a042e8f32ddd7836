/** A contact's conversation: its messages, its bot, and what can be done with it. */
import { funnels } from './account.ts'
import { preciseNow } from './contact-repository.ts'
import type { ContactRecord } from './contact-record.ts'
import { botAfter, uuidOf } from './contact-record.ts'
import type { BotOrder } from './contact-parameters.ts'
import { isBotOrder } from './contact-parameters.ts'
import { createParameterCheck, exists, isFilledText } from './parameters.ts'
import type { WireContact } from './wire.ts'
import { handleOf, writeTime } from './wire.ts'
import { pageFrom, pageIn, startOf } from './page.ts'
import type { Reply } from './reply.ts'
import { notFound, ok, refuse, withParameters } from './reply.ts'
import type { Call, Context, Route } from './route.ts'

const botCheck = createParameterCheck<{ readonly status: BotOrder }>(
  { status: isBotOrder },
  { required: ['status'] },
)
const noteCheck = createParameterCheck<{ readonly text: string }>(
  { text: isFilledText },
  { required: ['text'] },
)
const funnelCheck = createParameterCheck<{ readonly funnel_id: string }>(
  { funnel_id: exists(funnels) },
  { required: ['funnel_id'] },
)

export function conversationRoutes({ contacts, show }: Context): Route[] {
  let notes = 0

  /** Handles a call on a contact that must be there. */
  const on = (work: (entry: ContactRecord, call: Call) => Reply) => (call: Call) => {
    const entry = contacts.find(call.id)
    return entry ? work(entry, call) : notFound
  }

  /** Keeps what was done in a conversation, which is thereby the newest. */
  function act(entry: ContactRecord, change: Partial<WireContact>): Reply {
    const contact = { ...entry.contact, ...change }
    contacts.replace({ ...entry, contact, activeAt: preciseNow() })
    return ok(show(contact))
  }

  function addNote(entry: ContactRecord, text: string): Reply {
    notes += 1
    const handle = handleOf(entry.contact)
    const note = {
      uuid: uuidOf('note', notes),
      text,
      createdAt: writeTime(Date.now()),
      status: 'note',
      channel: entry.contact.source,
      // The documents show a note as from the contact to itself.
      from: handle,
      to: handle,
    } as const
    act({ ...entry, messages: [note, ...entry.messages] }, {})
    return ok({ success: true })
  }

  return [
    {
      method: 'GET',
      path: '/contacts/*/messages',
      query: ['page'],
      handle: on(({ messages }, { query }) => {
        const page = pageIn(query)
        if (page === undefined) return refuse('Invalid page')
        return ok({ messages: pageFrom(messages, startOf(page)).shown })
      }),
    },
    { method: 'GET', path: '/contacts/*/bot', handle: on(({ bot }) => ok({ bot })) },
    {
      method: 'POST',
      path: '/contacts/*/bot',
      handle: on((entry, { body }) =>
        withParameters(botCheck, body, ({ status }) => {
          const bot = botAfter(status)
          contacts.replace({ ...entry, bot })
          return ok({ bot })
        }),
      ),
    },
    {
      method: 'POST',
      path: '/contacts/*/conversation/close',
      handle: on((entry) => act(entry, { closedAt: writeTime(Date.now()) })),
    },
    {
      method: 'POST',
      path: '/contacts/*/conversation/open',
      handle: on((entry) => act(entry, { closedAt: null })),
    },
    {
      method: 'POST',
      path: '/contacts/*/conversation/note',
      handle: on((entry, { body }) => withParameters(noteCheck, body, ({ text }) => addNote(entry, text))),
    },
    {
      method: 'PUT',
      path: '/contacts/*/conversation/update_funnel',
      handle: on((entry, { body }) =>
        withParameters(funnelCheck, body, ({ funnel_id: funnelId }) => act(entry, { funnelId })),
      ),
    },
  ]
}
