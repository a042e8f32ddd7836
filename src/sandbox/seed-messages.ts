/** The seeded conversations: somebody greets, is answered, and is now and then noted about. */
import type { WireContact, WireMessage } from './wire.ts'
import { handleOf, writeTime } from './wire.ts'
import type { Locale } from './locales.ts'
import type { Random } from './random.ts'

/** What the account goes by in messages. */
const ourHandle = '390212345678'

export interface Span {
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly until: number
  /** How many messages. */
  readonly length: number
}

/** @returns newest first; the newest was at the end of the span */
export function writeMessages(
  random: Random,
  { greeting, answer }: Locale,
  contact: WireContact,
  { from, until, length }: Span,
): WireMessage[] {
  const handle = handleOf(contact)
  return Array.from({ length }, (_, position) => {
    const common = {
      createdAt: writeTime(until - Math.floor(((until - from) / length) * position)),
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
