/** A note in a contact's conversation as something that is made once. */
import { z } from 'zod'
import type { CallbellClient } from '../callbell/client.ts'
import { isBefore, isSince } from './created-since.ts'
import type { Creation } from './creation.ts'

export interface NewNote {
  /** Of the contact. */
  readonly uuid: string
  readonly text: string
}

/** Callbell's answer shows nothing of a note: what is made is just there. */
const storedNote = z.literal(true)

/** The creation of a note, which is looked up among the newest messages of its contact. */
export function noteCreation(callbell: CallbellClient, { uuid, text }: NewNote): Creation<true> {
  return {
    // Unlike any contact's, which begins with an identifier.
    fingerprint: () => JSON.stringify({ note: text, uuid }),
    canBeLookedUp: true,
    async attempt(times) {
      await callbell.addNote(uuid, text, times)
      return true
    },
    async look(began, times) {
      const { messages, clockLeadMs } = await callbell.latestMessages(uuid, times)
      const isThere = messages.some(
        (message) =>
          message.status === 'note' &&
          message.text === text &&
          isSince(message.createdAt, began, clockLeadMs),
      )
      if (isThere) return { made: true }
      const isOld = ({ createdAt }: { readonly createdAt: string | null }): boolean =>
        isBefore(createdAt, began, clockLeadMs)
      // Whether Callbell keeps white space as it came is not documented: what is alike may be ours.
      const alike = messages.filter((message) => wordsOf(message.text ?? '') === wordsOf(text))
      const oldest = messages.at(-1)
      const reachesBack = oldest === undefined || isOld(oldest)
      return reachesBack && alike.every(isOld) ? 'NOTHING' : 'UNCLEAR'
    },
    restore: (stored) => storedNote.parse(stored),
  }
}

function wordsOf(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ')
}
