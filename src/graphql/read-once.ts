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
