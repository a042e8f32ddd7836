/** Reading one contact. */
import type { CallbellClient, Found, Times } from '../callbell/client.ts'
import type { Contact } from '../contact.ts'
import { ContactsFailure, failedRead } from './failure.ts'
import { problemOfSegment } from './segment.ts'

/**
 * @returns the contact; null where there is none
 * @throws ContactsFailure
 */
export async function findContact(
  callbell: CallbellClient,
  uuid: string,
  times: Times,
): Promise<Contact | null> {
  checkSegment('uuid', uuid)
  return await read(() => callbell.getContact(uuid, times))
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
  times: Times,
): Promise<Contact | null> {
  checkSegment('phoneNumber', phoneNumber)
  if (typeof channelUuid === 'string') checkSegment('channelUuid', channelUuid)
  return await read(() => callbell.getContactByPhone(phoneNumber, channelUuid ?? undefined, times))
}

async function read(call: () => Promise<Found>): Promise<Contact | null> {
  try {
    const { contact } = await call()
    return contact
  } catch (error) {
    throw failedRead(error)
  }
}

function checkSegment(argument: string, value: string): void {
  const problem = problemOfSegment(value)
  if (problem === undefined) return
  throw new ContactsFailure('BAD_USER_INPUT', `${argument} ${problem}`, { retryable: false })
}
