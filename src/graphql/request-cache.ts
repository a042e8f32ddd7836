/** Reads the same object once for each request, whatever the number of aliases. */
import type { Channel, Contact, Funnel, Team } from '../domain/contact.ts'

/** The reads of one request. Aliases share errors, too. */
export class RequestCache {
  /** By their keys, as JSON. */
  private contacts: Map<string, Promise<Contact | null>> | undefined
  private allTeams: Promise<readonly Team[]> | undefined
  private allChannels: Promise<readonly Channel[]> | undefined
  private allFunnels: Promise<readonly Funnel[]> | undefined

  teams(read: () => Promise<readonly Team[]>): Promise<readonly Team[]> {
    return (this.allTeams ??= read())
  }

  channels(read: () => Promise<readonly Channel[]>): Promise<readonly Channel[]> {
    return (this.allChannels ??= read())
  }

  funnels(read: () => Promise<readonly Funnel[]>): Promise<readonly Funnel[]> {
    return (this.allFunnels ??= read())
  }

  /** @param key distinguishes one read from another; null and undefined are the same */
  contact(
    key: readonly (string | boolean | null | undefined)[],
    read: () => Promise<Contact | null>,
  ): Promise<Contact | null> {
    const name = JSON.stringify(key)
    const contacts = (this.contacts ??= new Map())
    const cached = contacts.get(name)
    if (cached) return cached
    const reading = read()
    contacts.set(name, reading)
    return reading
  }

  /**
   * Finds a contact that another field of the request reads by its phone number or another id. Then it need not
   * be read by its uuid.
   *
   * @param until how long to wait for the others, on the clock of `performance.now()`
   * @returns undefined where no other field finds it by then
   */
  async findContact(uuid: string, until: number): Promise<Contact | undefined> {
    // By then all fields of the root have started, and have registered their reads.
    await Promise.resolve()
    const others = [...(this.contacts ?? [])].filter(([name]) => !name.startsWith('["uuid"'))
    if (others.length === 0) return undefined
    const late = Promise.withResolvers<null>()
    const timer = setTimeout(late.resolve, until - performance.now(), null)
    try {
      for (const [, reading] of others) {
        // Its error is reported by its own field.
        const contact = await Promise.race([reading.catch(() => null), late.promise])
        if (contact?.uuid === uuid) return contact
      }
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }
}
