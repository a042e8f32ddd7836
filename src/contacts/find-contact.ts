/** Reading one contact. */
import type { CallbellClient } from '../callbell/client.ts'
import type { Contact } from '../contact.ts'
import { ContactsFailure, failedRead } from './failure.ts'

/**
 * @returns the contact; null where there is none
 * @throws ContactsFailure
 */
export async function findContact(
  callbell: CallbellClient,
  uuid: string,
  deadline: AbortSignal,
): Promise<Contact | null> {
  checkSegment('uuid', uuid)
  return await callbell.getContact(uuid, deadline).catch((error: unknown) => {
    throw failedRead(error)
  })
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
  deadline: AbortSignal,
): Promise<Contact | null> {
  checkSegment('phoneNumber', phoneNumber)
  if (typeof channelUuid === 'string') checkSegment('channelUuid', channelUuid)
  return await callbell
    .getContactByPhone(phoneNumber, channelUuid ?? undefined, deadline)
    .catch((error: unknown) => {
      throw failedRead(error)
    })
}

/** What becomes part of a URL must not be able to name another resource than a contact. */
function checkSegment(argument: string, value: string): void {
  const problem =
    value.trim() === ''
      ? 'must not be blank'
      : /^\.+$/.test(value)
        ? 'must not be made of dots'
        : /\p{Cc}/u.test(value) || !value.isWellFormed()
          ? 'must not contain control characters or broken Unicode'
          : undefined
  if (problem === undefined) return
  throw new ContactsFailure('BAD_USER_INPUT', `${argument} ${problem}`, { retryable: false })
}
