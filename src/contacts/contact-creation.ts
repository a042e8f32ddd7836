/** A contact as something that is made once. */
import { z } from 'zod'
import type { CallbellClient } from '../callbell/client.ts'
import { encodeNewContact } from '../callbell/encode-contact.ts'
import type { Contact, NewContact } from '../contact.ts'
import { isSince } from './created-since.ts'
import type { Creation } from './creation.ts'

const storedContact = z.custom<Contact>()

/** The creation of a contact, which is looked up by its phone number. */
export function contactCreation(callbell: CallbellClient, contact: NewContact): Creation<Contact> {
  return {
    fingerprint: () => encodeNewContact(contact),
    // Only WhatsApp contacts can be asked for by their identifier, and one of dots alone would name
    // another place in the URL.
    canBeLookedUp: contact.source === 'whatsapp' && !/^\.+$/.test(contact.identifier),
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
  }
}
