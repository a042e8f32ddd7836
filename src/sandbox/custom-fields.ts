/** Custom fields by their types: what each takes, how a contact holds it, and what is told of its type. */
import type { FieldType } from './account.ts'
import { customFields } from './account.ts'
import { isIn, isText, quote } from './parameters.ts'

/** Values by name, as the parameter `custom_fields` gives them. */
export type CustomValues = Readonly<Record<string, string | readonly string[]>>

/** The check of `custom_fields`: an object of values by name. */
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
  // Seen on the live API: a JSON number or boolean is refused even for a number field.
  if (!isText(value)) return [`${quote(name)} must be a string`]
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

/** Values by name, as a contact holds them: a checkbox's as JSON text, with a space after each comma. */
export function writeCustomFields(given: CustomValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : `[${value.map((option) => quote(option)).join(', ')}]`,
    ]),
  )
}

/**
 * `customFieldsMetadata`: by name, the value in its type, the type, and the options where there is
 * a fixed choice. The documents show texts, dates and checkboxes so; that a number comes as one is
 * our reading of their "typed value".
 *
 * @param values as a contact's `customFields` holds them
 */
export function customFieldsMetadata(values: Readonly<Record<string, string>>): Record<string, object> {
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
