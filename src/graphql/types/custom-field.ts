import type { CustomField } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

const fieldTypes = ['text', 'email', 'number', 'date', 'dropdown', 'checkbox'] as const

const TypeOfCustomField = builder.enumType('CustomFieldType', {
  description: 'What a custom field holds.',
  values: {
    TEXT: { value: 'text', description: 'Any text.' },
    EMAIL: { value: 'email', description: 'An e-mail address.' },
    NUMBER: { value: 'number', description: 'A number, as text: `42`.' },
    DATE: { value: 'date', description: 'A date: `2026-03-03`.' },
    DROPDOWN: { value: 'dropdown', description: 'One of its `options`.' },
    CHECKBOX: { value: 'checkbox', description: 'Any of its `options`; read `values`.' },
  } as const,
})

/** Callbell tells it where it is asked to, which it can be for these fields only. */
const whereSet =
  'Told below `contact` and `contacts`, without a further call; null wherever else a contact comes from, as from a mutation.'

export const CustomFieldType = builder.objectRef<CustomField>('CustomField').implement({
  description: 'One custom field of a contact.',
  fields: (t) => ({
    name: t.exposeString('name', {
      nullable: false,
      description: 'The field’s name in the account: free text, such as `Billing Address`.',
    }),
    value: t.exposeString('value', {
      description:
        'The field’s text as Callbell holds it, whatever the field’s type: `42`, `2026-03-03`. A checkbox field’s text is a JSON list; read `values` instead. Null where the field is empty.',
    }),
    values: t.exposeStringList('values', {
      description:
        'The ticked options of a checkbox field, decoded from its text. Null for every field whose text is no list.',
    }),
    type: t.field({
      type: TypeOfCustomField,
      description: `What it holds: what a form shows it as. ${whereSet} Null also for a type that this schema does not know.`,
      resolve: ({ type }) => fieldTypes.find((known) => known === type) ?? null,
    }),
    options: t.exposeStringList('options', {
      description: `What can be chosen, of a dropdown or checkbox field. ${whereSet}`,
    }),
  }),
})

export const CustomFieldInput = builder.inputType('CustomFieldInput', {
  description: 'One custom field to be set: exactly one of `value` and `values` must be given.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'The field’s name. It must exist in the account, and may be given only once.',
    }),
    value: t.string({
      description:
        'The field’s text. Numbers and dates are texts as well: `42`, `2026-03-03`. Sent as it is given.',
    }),
    values: t.stringList({ description: 'The ticked options of a checkbox field. At most 500.' }),
  }),
})
