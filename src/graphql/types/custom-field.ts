import type { FieldNode, GraphQLNamedType, GraphQLResolveInfo } from 'graphql'
import { getNamedType, isObjectType } from 'graphql'
import type { CustomField } from '../../domain/contact.ts'
import { builder } from '../builder.ts'
import { collectFields, setsBelow } from '../selection.ts'

const fieldTypes = ['text', 'email', 'number', 'date', 'dropdown', 'checkbox'] as const

const CustomFieldTypeRef = builder.enumType('CustomFieldType', {
  description: 'The type of a custom field.',
  values: {
    TEXT: { value: 'text', description: 'Free text.' },
    EMAIL: { value: 'email', description: 'An e-mail address.' },
    NUMBER: { value: 'number', description: 'A number as a string: `42`.' },
    DATE: { value: 'date', description: 'A date: `2026-03-03`.' },
    DROPDOWN: { value: 'dropdown', description: 'One of the `options`.' },
    CHECKBOX: { value: 'checkbox', description: 'Any number of the `options`. Read `values`.' },
  } as const,
})

/** Callbell returns types and options only on request, and only the reads of these fields can request them. */
const whereSet =
  'Only set under `contact` and `contacts`, where it costs no further call. Null elsewhere, for example in the answer of a mutation.'

export const CustomFieldRef = builder.objectRef<CustomField>('CustomField').implement({
  description: 'A custom field of a contact.',
  fields: (t) => ({
    name: t.exposeString('name', {
      nullable: false,
      description: 'The name of the field in the account: free text, for example `Billing Address`.',
    }),
    value: t.exposeString('value', {
      description:
        'The value as a string, whatever the type: `42`, `2026-03-03`. For a checkbox field it is a JSON list: read `values` instead. Null if the field is empty.',
    }),
    values: t.exposeStringList('values', {
      description:
        'The ticked options of a checkbox field, decoded from `value`. Null for every field whose value is not a list.',
    }),
    type: t.field({
      type: CustomFieldTypeRef,
      description: `The type of the field, for the choice of a form control. ${whereSet} Also null for a type that this schema does not know.`,
      resolve: ({ type }) => fieldTypes.find((fieldType) => fieldType === type) ?? null,
    }),
    options: t.exposeStringList('options', {
      description: `The options of a dropdown or checkbox field. ${whereSet}`,
    }),
  }),
})

/** The fields of a custom field that are null unless Callbell is asked for field types. */
const typedFields: ReadonlySet<string> = new Set(['type', 'options'])

/**
 * Whether a read must request the types of custom fields from Callbell.
 *
 * @returns whether `type` or `options` of a custom field is selected anywhere under the field
 */
export function selectsFieldTypes(info: GraphQLResolveInfo): boolean {
  function isBelow(type: GraphQLNamedType, nodes: readonly FieldNode[]): boolean {
    if (!isObjectType(type)) return false
    const fields = type.getFields()
    return [...collectFields(info, type, setsBelow(nodes)).values()].some((nodesOfField) => {
      const field = fields[nodesOfField[0].name.value]
      if (!field) return false
      if (type.name === CustomFieldRef.name && typedFields.has(field.name)) return true
      return isBelow(getNamedType(field.type), nodesOfField)
    })
  }
  try {
    return isBelow(getNamedType(info.returnType), info.fieldNodes)
  } catch {
    // A directive can't be evaluated: the field fails when its selection is executed.
    return false
  }
}

export const CustomFieldInputRef = builder.inputType('CustomFieldInput', {
  description: 'A custom field to set. Provide either `value` or `values`.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'The name of the field. It must exist in the account, and may be given only once.',
    }),
    value: t.string({
      description:
        'The value as a string, sent unchanged. Numbers and dates are strings, too: `42`, `2026-03-03`.',
    }),
    values: t.stringList({ description: 'The ticked options of a checkbox field. At most 500.' }),
  }),
})
