/** Routes of a contact's conversation: its messages, its bot, and its changes. */
import { funnels } from './account.ts'
import { preciseNow } from './contact-repository.ts'
import type { ContactRecord } from './contact-record.ts'
import { botAfter, uuidOf } from './contact-record.ts'
import type { BotCommand } from './contact-parameters.ts'
import { isBotCommand } from './contact-parameters.ts'
import { createParameterCheck, exists, isFilledString } from './parameters.ts'
import type { WireContact } from './wire.ts'
import { handleOf, formatTime } from './wire.ts'
import { pageFrom, pageIn, startOf } from './page.ts'
import type { Reply } from './reply.ts'
import { notFound, ok, refuse, withParameters } from './reply.ts'
import type { Call, Context, Route } from './route.ts'

const botCheck = createParameterCheck<{ readonly status: BotCommand }>(
  { status: isBotCommand },
  { required: ['status'] },
)
const noteCheck = createParameterCheck<{ readonly text: string }>(
  { text: isFilledString },
  { required: ['text'] },
)
const funnelCheck = createParameterCheck<{ readonly funnel_id: string }>(
  { funnel_id: exists(funnels) },
  { required: ['funnel_id'] },
)

export function conversationRoutes({ contacts, show }: Context): Route[] {
  let notes = 0

  /** @returns a handler that answers 404 if the contact does not exist */
  const withContact = (handle: (record: ContactRecord, call: Call) => Reply) => (call: Call) => {
    const record = contacts.find(call.id)
    return record ? handle(record, call) : notFound
  }

  /** Stores a change of a conversation, which becomes the most recent one. */
  function updateConversation(record: ContactRecord, change: Partial<WireContact>): Reply {
    const contact = { ...record.contact, ...change }
    contacts.replace({ ...record, contact, activeAt: preciseNow() })
    return ok(show(contact))
  }

  function addNote(record: ContactRecord, text: string): Reply {
    notes += 1
    const handle = handleOf(record.contact)
    const note = {
      uuid: uuidOf('note', notes),
      text,
      createdAt: formatTime(Date.now()),
      status: 'note',
      channel: record.contact.source,
      // The documentation shows a note as from the contact to itself.
      from: handle,
      to: handle,
    } as const
    updateConversation({ ...record, messages: [note, ...record.messages] }, {})
    return ok({ success: true })
  }

  return [
    {
      method: 'GET',
      path: '/contacts/*/messages',
      query: ['page'],
      handle: withContact(({ messages }, { query }) => {
        const page = pageIn(query)
        if (page === undefined) return refuse('Invalid page')
        return ok({ messages: pageFrom(messages, startOf(page)).shown })
      }),
    },
    { method: 'GET', path: '/contacts/*/bot', handle: withContact(({ bot }) => ok({ bot })) },
    {
      method: 'POST',
      path: '/contacts/*/bot',
      handle: withContact((record, { body }) =>
        withParameters(botCheck, body, ({ status }) => {
          const bot = botAfter(status)
          contacts.replace({ ...record, bot })
          return ok({ bot })
        }),
      ),
    },
    {
      method: 'POST',
      path: '/contacts/*/conversation/close',
      handle: withContact((record) => updateConversation(record, { closedAt: formatTime(Date.now()) })),
    },
    {
      method: 'POST',
      path: '/contacts/*/conversation/open',
      handle: withContact((record) => updateConversation(record, { closedAt: null })),
    },
    {
      method: 'POST',
      path: '/contacts/*/conversation/note',
      handle: withContact((record, { body }) =>
        withParameters(noteCheck, body, ({ text }) => addNote(record, text)),
      ),
    },
    {
      method: 'PUT',
      path: '/contacts/*/conversation/update_funnel',
      handle: withContact((record, { body }) =>
        withParameters(funnelCheck, body, ({ funnel_id: funnelId }) =>
          updateConversation(record, { funnelId }),
        ),
      ),
    },
  ]
}
