/** Seeded conversations: greetings, answers, and some notes. */
import type { WireContact, WireMessage } from './wire.ts'
import { handleOf, formatTime } from './wire.ts'
import type { Locale } from './locales.ts'
import type { Random } from './random.ts'

/** The account's number in messages. */
const ourHandle = '390212345678'

export interface ConversationPeriod {
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly until: number
  /** The number of messages. */
  readonly length: number
}

/** @returns messages, newest first. The newest is at the end of the span */
export function createMessages(
  random: Random,
  { greeting, answer }: Locale,
  contact: WireContact,
  { from, until, length }: ConversationPeriod,
): WireMessage[] {
  const handle = handleOf(contact)
  return Array.from({ length }, (_, position) => {
    const common = {
      createdAt: formatTime(until - Math.floor(((until - from) / length) * position)),
      channel: contact.source,
    }
    if (contact.assignedUser && random.chance(10)) {
      const text = `Conversation was assigned to ${contact.assignedUser}`
      return { text, ...common, status: 'note', from: handle, to: handle }
    }
    const uuid = random.uuid()
    return (length - position) % 2 === 1
      ? { uuid, text: greeting, ...common, status: 'received', from: handle, to: ourHandle }
      : { uuid, text: answer, ...common, status: 'sent', from: ourHandle, to: handle }
  })
}
