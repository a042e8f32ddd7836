/** Reading one contact. */
import type { CallbellClient } from '../../callbell/client.ts'
import type { Contact } from '../../domain/contact.ts'
import { checkSegment } from '../rules/argument.ts'
import type { Read } from '../attempts/read.ts'

/**
 * @param hasFieldTypes whether the types of custom fields are wanted
 * @param elsewhere finds the contact without a call, where another read of the same request gets it
 * @returns the contact; null where there is none
 * @throws ContactsFailure
 */
export async function findContact(
  callbell: CallbellClient,
  uuid: string,
  hasFieldTypes: boolean | undefined,
  elsewhere: (() => Promise<Contact | undefined>) | undefined,
  read: Read,
): Promise<Contact | null> {
  checkSegment('uuid', uuid)
  const found = await elsewhere?.()
  return found ?? read((times) => callbell.getContact(uuid, times, hasFieldTypes))
}

/**
 * A phone number names a contact on one channel only: the main WhatsApp channel unless told.
 *
 * @returns the contact; null where there is none
 * @throws ContactsFailure
 */
export async function findContactByPhone(
  callbell: CallbellClient,
  phoneNumber: string,
  channelUuid: string | null | undefined,
  read: Read,
): Promise<Contact | null> {
  checkSegment('phoneNumber', phoneNumber)
  if (typeof channelUuid === 'string') checkSegment('channelUuid', channelUuid)
  return read((times) => callbell.getContactByPhone(phoneNumber, channelUuid ?? undefined, times))
}

/**
 * @param bsuid WhatsApp's business-scoped user id
 * @returns the contact; null where there is none
 * @throws ContactsFailure
 */
export async function findContactByBsuid(
  callbell: CallbellClient,
  bsuid: string,
  read: Read,
): Promise<Contact | null> {
  checkSegment('bsuid', bsuid)
  return read((times) => callbell.getContactByBsuid(bsuid, times))
}
