/** A contact as something that is made once. */
import { z } from 'zod'
import type { CallbellClient } from '../callbell/client.ts'
import { CallbellError } from '../callbell/errors.ts'
import { encodeNewContact } from '../callbell/encode-contact.ts'
import type { Contact, NewContact } from '../contact.ts'
import { isSince } from './created-since.ts'
import type { Creation } from './creation.ts'

const storedContact = z.custom<Contact>()

/** The creation of a contact, which is looked up by its phone number. */
export function contactCreation(callbell: CallbellClient, contact: NewContact): Creation<Contact> {
  return {
    fingerprint: () => encodeNewContact(contact),
    // Only WhatsApp contacts can be asked for by their identifier.
    canBeLookedUp: contact.source === 'whatsapp' && !isDots(contact.identifier),
    attempt: (times) => callbell.createContact(contact, times),
    async look(began, times) {
      const seen = await callbell.getContactByPhone(contact.identifier, contact.channelUuid, times)
      if (seen.contact === null) return seen.isTold ? 'NOTHING' : 'FAILED'
      // What is older proves nothing: the lookup shows one contact, and a second may stand beside it.
      const isOurs =
        seen.contact.name === contact.name && isSince(seen.contact.createdAt, began, seen.clockLeadMs)
      return isOurs ? { made: seen.contact } : 'UNCLEAR'
    },
    restore: (stored) => storedContact.parse(stored),
    reference: {
      of: ({ uuid }) => (isDots(uuid) ? null : uuid),
      async read(uuid, times) {
        const { contact: found, isTold } = await callbell.getContact(uuid, times)
        if (found !== null || isTold) return found
        throw new CallbellError('CALLBELL_UNAVAILABLE', 'a 404 is not in the form of Callbell', {
          progress: 'answered',
          status: 404,
        })
      },
    },
  }
}

/** In a URL, dots alone name another place. */
function isDots(text: string): boolean {
  return /^\.+$/.test(text)
}
