/** Within one request, the same thing is read once, by however many aliases it is asked for. */
import type { Contact } from '../contact.ts'

/** The reads of one request by their keys. Errors are shared, too. */
export type ContactReads = Map<string, Promise<Contact | null>>

/** @param key whatever tells one read from another; null and undefined are the same */
export function readOnce(
  reads: ContactReads,
  key: readonly (string | boolean | null | undefined)[],
  read: () => Promise<Contact | null>,
): Promise<Contact | null> {
  const name = JSON.stringify(key)
  const known = reads.get(name)
  if (known) return known
  const reading = read()
  reads.set(name, reading)
  return reading
}

/**
 * What another field of the request finds by a number or an id of another kind need not be read by
 * its uuid as well.
 *
 * @returns undefined where no other field finds it
 */
export async function foundByOthers(reads: ContactReads, uuid: string): Promise<Contact | undefined> {
  // By then all fields of the root have begun, and have said what they read.
  await Promise.resolve()
  for (const [name, reading] of reads) {
    if (name.startsWith('["uuid"')) continue
    // Its error is its own field's to tell.
    const contact = await reading.catch(() => null)
    if (contact?.uuid === uuid) return contact
  }
  return undefined
}
