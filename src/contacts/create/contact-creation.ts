/** The creation of a contact. */
import { z } from 'zod'
import type { CallbellClient } from '../../callbell/client.ts'
import { encodeNewContact } from '../../callbell/codec/encode-contact.ts'
import type { Contact, NewContact } from '../../domain/contact.ts'
import { isOtherContact, showsAllOf } from './compare-contact.ts'
import { isSince } from './created-at.ts'
import type { CreateOperation } from './creation.ts'
import { identityOf, phoneForms, sameNumber, shapeOf } from './phone-forms.ts'

const storedContact = z.custom<Contact>()

/** A contact is looked up by its phone number, in every form in which Callbell may hold it. */
export function createContactOperation(
  callbell: CallbellClient,
  contact: NewContact,
): CreateOperation<Contact> {
  const { identifier, source, channelUuid } = contact
  const shape = shapeOf(identifier)
  const forms = (): readonly string[] => phoneForms(identifier).filter((form) => !isDots(form))
  return {
    kind: 'contact',
    fingerprint: () => encodeNewContact(contact),
    identity: identityOf(contact),
    lookup: shape === null ? null : `${shape} ${channelUuid ?? ''}`,
    // Only WhatsApp contacts can be asked for by their identifier.
    canBeLookedUp: source === 'whatsapp' && !isDots(identifier),
    send: (attempt) => callbell.createContact(contact, attempt, (made) => !isOtherContact(contact, made)),
    async probe(notBefore, ask) {
      let isAbsent = true
      for (const form of forms()) {
        const found = await ask((attempt) => callbell.getContactByPhone(form, channelUuid, attempt))
        if (found === null) continue
        const since = notBefore()
        // What is older proves nothing: a lookup shows one contact, and a second may stand beside it.
        if (since !== null && isSince(found.createdAt, since) && showsAllOf(contact, found))
          return { made: found }
        isAbsent = false
      }
      return isAbsent ? 'ABSENT' : 'INCONCLUSIVE'
    },
    async findAgain({ uuid }, ask) {
      for (const form of forms()) {
        const found = await ask((attempt) => callbell.getContactByPhone(form, channelUuid, attempt))
        // An older contact of the same number was surely there, too.
        const isOfNumber = found?.phoneNumber && sameNumber(found.phoneNumber, identifier)
        if (found?.uuid === uuid || isOfNumber) return true
      }
      return false
    },
    restore: (stored) => storedContact.parse(stored),
    reference: {
      of: ({ uuid }) => (isDots(uuid) ? null : uuid),
      read: (uuid, attempt) => callbell.getContact(uuid, attempt),
    },
  }
}

/** In a URL, dots alone name another place. */
function isDots(text: string): boolean {
  return /^\.+$/.test(text)
}
