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

/** A contact is looked up by its phone number, in every form in which Callbell may store it. */
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
    // Callbell looks up only WhatsApp contacts by their identifier.
    canBeLookedUp: source === 'whatsapp' && !isDots(identifier),
    send: (attempt) => callbell.createContact(contact, attempt, (made) => !isOtherContact(contact, made)),
    async lookUp(notBefore, callOnce) {
      let isAbsent = true
      for (const form of forms()) {
        const found = await callOnce((attempt) => callbell.getContactByPhone(form, channelUuid, attempt))
        if (found === null) continue
        const since = notBefore()
        // An older contact proves nothing: a lookup shows one contact, and there may be a second one.
        if (since !== null && isSince(found.createdAt, since) && showsAllOf(contact, found))
          return { made: found }
        isAbsent = false
      }
      return isAbsent ? 'ABSENT' : 'INCONCLUSIVE'
    },
    async findCreated({ uuid }, callOnce) {
      for (const form of forms()) {
        const found = await callOnce((attempt) => callbell.getContactByPhone(form, channelUuid, attempt))
        // An older contact of the same number is a proof, too: it was certainly there.
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

/** In a URL, a segment of dots alone means another path. */
function isDots(text: string): boolean {
  return /^\.+$/.test(text)
}
