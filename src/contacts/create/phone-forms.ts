/**
 * The spellings of a phone number: under which of them Callbell may find it, and which of them name one
 * person. For looking up and comparing only: what is sent to Callbell stays as the caller gave it, since
 * rewritten numbers have made duplicates. Pure.
 */
import type { NewContact } from '../../domain/contact.ts'

/** What has fewer digits is a name or a short code. */
const fewestDigits = 6
/** Each form is one call to Callbell. The number with the most forms, an Argentine one with 00, 9 and 15, has 8. */
const mostForms = 8

/** One person's number without its country code, as it is spelled with and without what some leave out. */
interface NationalVariants {
  /** The one form that stands for all in comparisons. */
  readonly short: string
  readonly long: string
}

/**
 * Lists the forms under which a WhatsApp number may be found at Callbell, the likeliest first: as given,
 * then international with `+`, and as digits. Numbers of Brazil, Argentina and Mexico are listed with and
 * without the digit that was added to mobile numbers there, as Callbell may hold either.
 *
 * @param identifier of a contact, as the caller gave it
 * @returns 1 to 8 forms without duplicates; what is not a number (letters, or fewer than 6 digits) is its only form
 */
export function phoneForms(identifier: string): readonly string[] {
  const digits = digitsOf(identifier)
  if (digits === null) return [identifier]
  const number = internationalOf(digits)
  const { short, long } = nationalFormsOf(number)
  const forms = new Set([identifier])
  for (const form of [number, short, long]) forms.add(`+${form}`).add(form)
  // Callbell may have kept the digits of a number with 00 as they came.
  forms.add(digits)
  return [...forms].slice(0, mostForms)
}

/**
 * Compares two numbers by their last six digits, on which all spellings of one number agree.
 *
 * @returns null where either is not a number (letters, or fewer than 6 digits): nothing follows from it
 */
export function sameNumber(a: string, b: string): boolean | null {
  const digitsOfA = digitsOf(a)
  const digitsOfB = digitsOf(b)
  if (digitsOfA === null || digitsOfB === null) return null
  return digitsOfA.slice(-fewestDigits) === digitsOfB.slice(-fewestDigits)
}

/** On so many digits at the end all spellings of one number agree: with and without a country code, a trunk zero, or what some countries leave out. */
const identityDigits = 9

/**
 * Names whom a new contact stands for: the same string for all spellings of one WhatsApp number, and for
 * other sources the identifier in Unicode's composed form (NFC), each with its source. The channel is left
 * out, since none means the main one. Two persons may share an identity: it is for taking turns only.
 */
export function identityOf({ source, identifier }: Pick<NewContact, 'source' | 'identifier'>): string {
  const digits = source === 'whatsapp' ? digitsOf(identifier) : null
  return `${source}\n${digits === null ? identifier.normalize('NFC') : shortOf(digits).slice(-identityDigits)}`
}

function shortOf(digits: string): string {
  return nationalFormsOf(internationalOf(digits)).short
}

/**
 * How a number is written, as far as it matters for finding it: what is found of one shape proves nothing of
 * another, as Callbell may rewrite the one and not the other.
 *
 * @returns null where a lookup can't prove that there is none: with letters, a trunk zero in parentheses, or too
 *   few digits
 */
export function shapeOf(identifier: string): 'plus' | 'zeros' | 'digits' | null {
  const text = identifier.trim()
  if (digitsOf(text) === null || !/^\+?[\d\s().-]+$/.test(text) || /\(0\)/.test(text)) return null
  if (text.startsWith('+')) return 'plus'
  return text.startsWith('00') ? 'zeros' : 'digits'
}

/** @returns the digits of a number, whatever separates them; null where it is not a number */
function digitsOf(text: string): string | null {
  const digits = text.replaceAll(/\D/g, '')
  return digits.length < fewestDigits || /\p{L}/u.test(text) ? null : digits
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
