/** What this gateway promises about contacts, as one object: each call gets its deadline here. */
import type { CallbellClient } from '../callbell/client.ts'
import type { Contact } from '../contact.ts'
import type { CreateContactResult } from './create-contact.ts'
import { createContact } from './create-contact.ts'
import { findContact, findContactByPhone } from './find-contact.ts'
import type { NewContactInput } from './new-contact-rules.ts'

export interface Contacts {
  create(input: NewContactInput): Promise<CreateContactResult>
  find(uuid: string): Promise<Contact | null>
  findByPhone(phoneNumber: string, channelUuid: string | null | undefined): Promise<Contact | null>
}

/** @param timeoutMs deadline of one call, from its start to its answer */
export function createContacts(callbell: CallbellClient, timeoutMs: number): Contacts {
  const deadline = (): AbortSignal => AbortSignal.timeout(timeoutMs)
  return {
    create: (input) => createContact(callbell, input, deadline()),
    find: (uuid) => findContact(callbell, uuid, deadline()),
    findByPhone: (phoneNumber, channelUuid) =>
      findContactByPhone(callbell, phoneNumber, channelUuid, deadline()),
  }
}
