import type { CustomField } from '../contact.ts'
import { builder } from './builder.ts'

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
    values: t.stringList({ description: 'The ticked options of a checkbox field.' }),
  }),
})
