/** The sandbox's contacts, in memory. */
import { firstContact } from './account.ts'
import type { ContactRecord } from './contact-record.ts'
import { mainChannel, createRecord, uuidOf } from './contact-record.ts'
import type { NewContactParameters } from './contact-parameters.ts'
import type { WireContact } from './wire.ts'

export interface ContactRepository {
  /** Adds a contact, even if there is one with the same identifier. */
  add(parameters: NewContactParameters): WireContact
  find(uuid: string): ContactRecord | undefined
  /**
   * Finds the oldest contact with a number: after an ambiguous create, a lookup must not depend on seeing the
   * newest one.
   *
   * @param channelUuid default: the main WhatsApp channel
   */
  findByPhone(phoneNumber: string, channelUuid?: string): WireContact | undefined
  findByBsuid(bsuid: string): WireContact | undefined
  /** Replaces the record with the same uuid. */
  replace(record: ContactRecord): void
  remove(uuid: string): void
  /** @returns all records, oldest first */
  entries(): readonly ContactRecord[]
  /** @returns all contacts, oldest first */
  all(): readonly WireContact[]
}

/**
 * @param seed the initial records, in addition to the first contact
 * @param phoneForm `as-given`: numbers are stored unchanged, and looked up by their digits; `digits`: they
 *   are stored as digits, and looked up by exactly these
 */
export function createContactRepository(
  seed: readonly ContactRecord[] = [],
  phoneForm: 'as-given' | 'digits' = 'as-given',
): ContactRepository {
  const { uuid, createdAt, parameters } = firstContact
  const first = createRecord(uuid, parameters, Date.parse(createdAt))
  const entries = new Map([first, ...seed].map((record) => [record.contact.uuid, record]))
  /** The uuids by number, oldest first. An index, because there are hundreds of lookups a second. */
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
      const stored =
        phoneForm === 'digits' && given.source === 'whatsapp'
          ? { ...given, identifier: digitsOf(given.identifier) }
          : given
      const record = createRecord(uuidOf('contact', created), stored, Date.now())
      entries.set(record.contact.uuid, { ...record, activeAt: preciseNow() })
      index(record.contact)
      return record.contact
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
    replace: (record) => void entries.set(record.contact.uuid, record),
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

/** @returns milliseconds since the epoch with fractions, so that two conversations rarely have the same time */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now()
}
