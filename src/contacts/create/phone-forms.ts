/**
 * The spellings of a phone number: under which of them Callbell may find it, and which of them mean one
 * person. For lookups and comparisons only. The number that is sent to Callbell is never rewritten: rewritten
 * numbers have caused duplicates. Pure.
 */
import type { NewContact } from '../../domain/contact.ts'

/** A string of fewer digits is a name or a short code. */
const minDigits = 6
/** Each form is one call to Callbell. The number with the most forms, an Argentine one with 00, 9 and 15, has 8. */
const maxForms = 8

/** Two spellings of one person's number: without and with the digits that some callers omit. */
interface NationalVariants {
  /** The form for comparisons. */
  readonly short: string
  readonly long: string
}

/**
 * Lists the forms under which a WhatsApp number may be found at Callbell, the likeliest first: as given,
 * then international with `+`, and as digits. Numbers of Brazil, Argentina and Mexico are listed with and
 * without the digit that was added to mobile numbers there, as Callbell may hold either.
 *
 * @param identifier of a contact, as the caller gave it
 * @returns 1 to 8 forms without duplicates; only the identifier if it is not a number (letters, or fewer than 6
 *   digits)
 */
export function phoneForms(identifier: string): readonly string[] {
  const digits = digitsOf(identifier)
  if (digits === null) return [identifier]
  const number = internationalOf(digits)
  const { short, long } = nationalFormsOf(number)
  const forms = new Set([identifier])
  for (const form of [number, short, long]) forms.add(`+${form}`).add(form)
  // Callbell may have kept the leading 00 of a number.
  forms.add(digits)
  return [...forms].slice(0, maxForms)
}

/**
 * Compares two numbers by their last six digits, on which all spellings of one number agree.
 *
 * @returns null if either is not a number (letters, or fewer than 6 digits): nothing follows from that
 */
export function sameNumber(a: string, b: string): boolean | null {
  const digitsOfA = digitsOf(a)
  const digitsOfB = digitsOf(b)
  if (digitsOfA === null || digitsOfB === null) return null
  return digitsOfA.slice(-minDigits) === digitsOfB.slice(-minDigits)
}

/** All spellings of one number agree on these last digits: with or without country code, trunk zero and added mobile digits. */
const identityDigits = 9

/**
 * Identifies the person of a new contact: the same string for all spellings of one WhatsApp number. For other
 * sources, it is the identifier in Unicode's composed form (NFC). The source is part of it. The channel is not,
 * since none means the main one. Two persons may share an identity: it is for locks only.
 */
export function identityOf({ source, identifier }: Pick<NewContact, 'source' | 'identifier'>): string {
  const digits = source === 'whatsapp' ? digitsOf(identifier) : null
  return `${source}\n${digits === null ? identifier.normalize('NFC') : shortOf(digits).slice(-identityDigits)}`
}

function shortOf(digits: string): string {
  return nationalFormsOf(internationalOf(digits)).short
}

/**
 * The shape of a number, as far as it matters for lookups. A find of one shape proves nothing about another, as
 * Callbell may rewrite the one and not the other.
 *
 * @returns null if a lookup can't prove absence: with letters, a trunk zero in parentheses, or too
 *   few digits
 */
export function shapeOf(identifier: string): 'plus' | 'zeros' | 'digits' | null {
  const text = identifier.trim()
  if (digitsOf(text) === null || !/^\+?[\d\s().-]+$/.test(text) || /\(0\)/.test(text)) return null
  if (text.startsWith('+')) return 'plus'
  return text.startsWith('00') ? 'zeros' : 'digits'
}

/** @returns the digits of a number, whatever separates them; null if it is not a number */
function digitsOf(text: string): string | null {
  const digits = text.replaceAll(/\D/g, '')
  return digits.length < minDigits || /\p{L}/u.test(text) ? null : digits
}

/** The digits after the international prefix, which is written as `+` or `00`. */
function internationalOf(digits: string): string {
  return digits.startsWith('00') ? digits.slice(2) : digits
}

/** @param number international digits, without a prefix */
function nationalFormsOf(number: string): NationalVariants {
  const code = number.slice(0, 2)
  const rest = number.slice(2)
  if (code === '55') return brazilian(rest) ?? { short: number, long: number }
  if (code === '54') return argentine(rest) ?? { short: number, long: number }
  if (code === '52') return mexican(rest) ?? { short: number, long: number }
  return { short: number, long: number }
}

/** Two digits of the area, then eight, which a 9 precedes in newer mobile numbers. */
function brazilian(rest: string): NationalVariants | undefined {
  const area = rest.slice(0, 2)
  const hasNine = rest.length === 11 && rest[2] === '9'
  if (!hasNine && rest.length !== 10) return undefined
  const subscriber = rest.slice(hasNine ? 3 : 2)
  return { short: `55${area}${subscriber}`, long: `55${area}9${subscriber}` }
}

/** Ten digits, which a 9 precedes in mobile numbers called from abroad; at home a 15 follows the area. */
function argentine(rest: string): NationalVariants | undefined {
  const withArea = rest.startsWith('9') ? rest.slice(1) : rest
  const subscriber = withArea.length === 12 ? withoutFifteen(withArea) : withArea
  return subscriber?.length === 10 ? { short: `54${subscriber}`, long: `549${subscriber}` } : undefined
}

/** Areas have two digits (11, Buenos Aires), three or four. */
function withoutFifteen(withArea: string): string | undefined {
  const areaLength = [2, 3, 4].find((length) => withArea.startsWith('15', length))
  return areaLength === undefined ? undefined : withArea.slice(0, areaLength) + withArea.slice(areaLength + 2)
}

/** Ten digits, which a 1 preceded in mobile numbers until 2019. */
function mexican(rest: string): NationalVariants | undefined {
  const hasOne = rest.length === 11 && rest.startsWith('1')
  if (!hasOne && rest.length !== 10) return undefined
  const subscriber = hasOne ? rest.slice(1) : rest
  return { short: `52${subscriber}`, long: `521${subscriber}` }
}
