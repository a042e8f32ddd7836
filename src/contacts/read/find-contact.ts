/** Reads one contact. */
import type { CallbellClient } from '../../callbell/client.ts'
import type { Contact } from '../../domain/contact.ts'
import { checkSegment } from '../rules/argument.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attemptRead } from '../attempts/attempts.ts'

/**
 * @param hasFieldTypes whether to read the types of custom fields
 * @param findCached finds the contact without a call, if another read of the same request gets it
 * @returns the contact; null where there is none
 * @throws ContactsError
 */
export async function findContact(
  callbell: CallbellClient,
  uuid: string,
  hasFieldTypes: boolean | undefined,
  findCached: (() => Promise<Contact | undefined>) | undefined,
  context: CallContext,
): Promise<Contact | null> {
  checkSegment('uuid', uuid)
  const found = await findCached?.()
  return found ?? attemptRead(context, (attempt) => callbell.getContact(uuid, attempt, hasFieldTypes))
}

/**
 * A phone number identifies a contact on one channel only. Default: the main WhatsApp channel.
 *
 * @returns the contact; null where there is none
 * @throws ContactsError
 */
export async function findContactByPhone(
  callbell: CallbellClient,
  phoneNumber: string,
  channelUuid: string | null | undefined,
  context: CallContext,
): Promise<Contact | null> {
  checkSegment('phoneNumber', phoneNumber)
  if (typeof channelUuid === 'string') checkSegment('channelUuid', channelUuid)
  return attemptRead(context, (attempt) =>
    callbell.getContactByPhone(phoneNumber, channelUuid ?? undefined, attempt),
  )
}

/**
 * @param bsuid WhatsApp's business-scoped user id
 * @returns the contact; null where there is none
 * @throws ContactsError
 */
export async function findContactByBsuid(
  callbell: CallbellClient,
  bsuid: string,
  context: CallContext,
): Promise<Contact | null> {
  checkSegment('bsuid', bsuid)
  return attemptRead(context, (attempt) => callbell.getContactByBsuid(bsuid, attempt))
}
