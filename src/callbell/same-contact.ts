/**
 * Whether an answer is about the contact that was asked for: a proxy or cache in between may mix answers
 * up. Pure. What an answer leaves out proves nothing, and is no reason to refuse it.
 */
import type { Contact } from '../domain/contact.ts'

/** @returns whether a contact is not plainly another one than the one that was asked for */
export type Matches = (contact: Contact) => boolean

export function hasUuid(uuid: string): Matches {
  return (contact) => isSameId(contact.uuid, uuid)
}

export function hasBsuid(bsuid: string): Matches {
  return (contact) => contact.bsuid === null || isSameId(contact.bsuid, bsuid)
}

/** The last digits of a number are the same in all its spellings, national variants included. */
const comparedDigits = 6

/** Numbers of fewer than six digits can't be compared: one may have a country code that the other lacks. */
export function hasPhoneNumber(phoneNumber: string): Matches {
  const wanted = lastDigits(phoneNumber)
  return (contact) => {
    const found = lastDigits(contact.phoneNumber ?? '')
    return wanted.length < comparedDigits || found.length < comparedDigits || found === wanted
  }
}

function lastDigits(phoneNumber: string): string {
  return phoneNumber.replaceAll(/\D/g, '').slice(-comparedDigits)
}

/** Hexadecimal digits are written in either case. */
function isSameId(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase()
}
