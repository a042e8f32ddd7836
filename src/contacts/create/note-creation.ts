/** The creation of a note in a contact's conversation. */
import { hash } from 'node:crypto'
import { z } from 'zod'
import type { CallbellClient } from '../../callbell/client.ts'
import type { Message } from '../../domain/contact.ts'
import { isLongBefore, isSince } from './created-at.ts'
import type { CreateOperation } from './creation.ts'

export interface NewNote {
  /** Of the contact. */
  readonly uuid: string
  readonly text: string
}

/** Callbell's answer shows nothing of a note but its success. */
const storedNote = z.literal(true)

/** A note is looked up among the newest messages of its contact. */
export function createNoteOperation(
  callbell: CallbellClient,
  { uuid, text }: NewNote,
): CreateOperation<true> {
  /** Not documented: whether Callbell keeps white space. A message that differs only in it may be the note. */
  const words = wordsOf(text)
  const isAlike = (message: Message): boolean => wordsOf(message.text ?? '') === words
  return {
    kind: 'note',
    // Unlike the fingerprint of any contact, which begins with an identifier.
    fingerprint: () => JSON.stringify({ note: text, uuid }),
    // Identities stay in memory for a while, and the string may be large.
    identity: `note\n${uuid.toLowerCase()}\n${hash('sha256', words, 'base64url')}`,
    lookup: 'messages',
    canBeLookedUp: true,
    async send(attempt) {
      await callbell.addNote(uuid, text, attempt)
      return true
    },
    async lookUp(notBefore, callOnce) {
      const messages = await callOnce((attempt) => callbell.latestMessages(uuid, attempt))
      if (messages.length === 0) return 'ABSENT'
      const since = notBefore()
      if (since === null) return 'INCONCLUSIVE'
      const isThere = messages.some(
        (message) => message.status === 'note' && message.text === text && isSince(message.createdAt, since),
      )
      if (isThere) return { made: true }
      const reachesBack = isLongBefore(messages.at(-1)?.createdAt ?? null, since)
      const areOld = messages.filter(isAlike).every(({ createdAt }) => isLongBefore(createdAt, since))
      return reachesBack && areOld ? 'ABSENT' : 'INCONCLUSIVE'
    },
    async findCreated(_made, callOnce) {
      const messages = await callOnce((attempt) => callbell.latestMessages(uuid, attempt))
      return messages.some((message) => message.status === 'note' && message.text === text)
    },
    restore: (stored) => storedNote.parse(stored),
  }
}

function wordsOf(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ')
}
