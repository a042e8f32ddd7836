/** The sandbox's contacts, in memory. */
import { firstContact } from './account.ts'
import type { ContactRecord } from './contact-record.ts'
import { mainChannel, newRecord, uuidOf } from './contact-record.ts'
import type { NewContactParameters } from './contact-parameters.ts'
import type { WireContact } from './wire.ts'

export interface ContactRepository {
  /** Adds one more contact, whether or not there is one with the same identifier. */
  add(parameters: NewContactParameters): WireContact
  find(uuid: string): ContactRecord | undefined
  /**
   * Of several contacts with one number the oldest: a lookup after an unclear create may not
   * rely on seeing the newest one.
   *
   * @param channelUuid default: the main WhatsApp channel
   */
  findByPhone(phoneNumber: string, channelUuid?: string): WireContact | undefined
  findByBsuid(bsuid: string): WireContact | undefined
  /** Puts a changed entry in the place of the one with its uuid. */
  replace(entry: ContactRecord): void
  remove(uuid: string): void
  /** In the order in which they came into the book. */
  entries(): readonly ContactRecord[]
  /** In the order in which they came into the book. */
  all(): readonly WireContact[]
}

/**
 * @param seed what is in the book besides the first contact
 * @param phoneForm whether numbers are kept as they came and looked up by their digits, or kept as digits
 *   and looked up by exactly these
 */
export function createContactRepository(
  seed: readonly ContactRecord[] = [],
  phoneForm: 'as-given' | 'digits' = 'as-given',
): ContactRepository {
  const { uuid, createdAt, parameters } = firstContact
  const first = newRecord(uuid, parameters, Date.parse(createdAt))
  const entries = new Map([first, ...seed].map((entry) => [entry.contact.uuid, entry]))
  /** The uuids of all that share a number, oldest first: lookups come by the hundred in a second. */
  const byDigits = new Map<string, Set<string>>()
  for (const { contact } of entries.values()) index(contact)
  let created = 0

  function index({ uuid: indexed, phoneNumber }: WireContact): void {
    const digits = digitsOf(phoneNumber ?? '')
    const uuids = byDigits.get(digits) ?? new Set()
    byDigits.set(digits, uuids.add(indexed))
  }

  const all = (): WireContact[] => Array.from(entries.values(), ({ contact }) => contact)
  return {
    add(given) {
      created += 1
      const kept =
        phoneForm === 'digits' && given.source === 'whatsapp'
          ? { ...given, identifier: digitsOf(given.identifier) }
          : given
      const entry = newRecord(uuidOf('contact', created), kept, Date.now())
      entries.set(entry.contact.uuid, { ...entry, activeAt: preciseNow() })
      index(entry.contact)
      return entry.contact
    },
    find: (wanted) => entries.get(wanted),
    findByPhone(phoneNumber, channelUuid = mainChannel('whatsapp')?.uuid) {
      const digits = digitsOf(phoneNumber)
      if (digits === '' || (phoneForm === 'digits' && digits !== phoneNumber)) return undefined
      return Array.from(byDigits.get(digits) ?? [], (found) => entries.get(found)?.contact).find(
        (contact) => contact?.channel?.uuid === channelUuid,
      )
    },
    findByBsuid: (bsuid) => all().find((contact) => contact.bsuid === bsuid),
    replace: (entry) => void entries.set(entry.contact.uuid, entry),
    remove(wanted) {
      const digits = digitsOf(entries.get(wanted)?.contact.phoneNumber ?? '')
      const uuids = byDigits.get(digits)
      uuids?.delete(wanted)
      if (uuids?.size === 0) byDigits.delete(digits)
      entries.delete(wanted)
    },
    entries: () => [...entries.values()],
    all,
  }
}

function digitsOf(phoneNumber: string): string {
  return phoneNumber.replaceAll(/\D/g, '')
}

/** Now, in milliseconds since the epoch with fractions: hardly two conversations share their time. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now()
}
