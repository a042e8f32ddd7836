/** Custom fields by type: which values each accepts, how a contact stores them, and their metadata. */
import type { FieldType } from './account.ts'
import { customFields } from './account.ts'
import { isIn, isString, quote } from './parameters.ts'
import type { WireContact } from './wire.ts'

/** Values by name, as in the parameter `custom_fields`. */
export type CustomValues = Readonly<Record<string, string | readonly string[]>>

/** Checks `custom_fields`, an object of values by name. @returns what is wrong with it */
export function areCustomFields(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['must be an object']
  return Object.entries(value).flatMap(([name, content]) => {
    const field = customFields.get(name)
    return field === undefined ? [`field ${quote(name)} does not exist`] : checkField(name, field, content)
  })
}

function checkField(name: string, field: FieldType, value: unknown): string[] {
  if (field.type === 'checkbox') {
    const isChoice = Array.isArray(value) && value.every((option) => isIn(field.options, option))
    return isChoice ? [] : [`${quote(name)} must be a list of ${field.options.join(', ')}`]
  }
  // Observed on the live API: a JSON number or boolean is refused, even for a number field.
  if (!isString(value)) return [`${quote(name)} must be a string`]
  if (field.type === 'dropdown') {
    return isIn(field.options, value) ? [] : [`${quote(name)} must be one of ${field.options.join(', ')}`]
  }
  const isReal = field.type !== 'date' || !Number.isNaN(Date.parse(value))
  return isReal && forms[field.type].test(value) ? [] : [`${quote(name)} must be a valid ${field.type}`]
}

const forms = {
  text: /^/,
  email: /^[^\s@]+@[^\s@]+$/,
  number: /^-?\d+(?:\.\d+)?$/,
  date: /^\d{4}-\d\d-\d\d$/,
} as const

/** @returns values by name, as a contact stores them: those of a checkbox as JSON, with a space after each comma */
export function toCustomFields(given: CustomValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : `[${value.map((option) => quote(option)).join(', ')}]`,
    ]),
  )
}

/**
 * Creates `customFieldsMetadata`: by name, the typed value, the type, and the options if they are fixed. The
 * documentation shows this for strings, dates and checkboxes. That numbers are JSON numbers is a reading of
 * its "typed value".
 *
 * @param values the `customFields` of a contact
 */
function customFieldsMetadata(values: Readonly<Record<string, string>>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, text]) => {
      const field = customFields.get(name)
      return field === undefined ? [] : [[name, { value: typedValue(field, text), ...field }] as const]
    }),
  )
}

function typedValue({ type }: FieldType, text: string): unknown {
  return type === 'checkbox' || type === 'number' ? JSON.parse(text) : text
}

/** @returns the contact, with its `customFieldsMetadata` if the query requests them by `include_field_types` */
export function withFieldTypes(contact: WireContact, query: URLSearchParams): WireContact {
  return query.get('include_field_types') === 'true'
    ? Object.assign({ ...contact }, { customFieldsMetadata: customFieldsMetadata(contact.customFields) })
    : contact
}
