/**
 * Checks that an answer is about the requested contact: a proxy or cache may confuse answers. Pure.
 * A missing value proves nothing, so it matches.
 */
import type { Contact } from '../domain/contact.ts'

/** @returns false if the contact is certainly not the requested one */
export type Matches = (contact: Contact) => boolean

export function hasUuid(uuid: string): Matches {
  return (contact) => isSameId(contact.uuid, uuid)
}

export function hasBsuid(bsuid: string): Matches {
  return (contact) => contact.bsuid === null || isSameId(contact.bsuid, bsuid)
}

/** The last digits of a number are the same in all its forms, including national ones. */
const comparedDigits = 6

/** Shorter numbers always match: one of them may lack the country code. */
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
