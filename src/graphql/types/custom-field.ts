import type { FieldNode, GraphQLNamedType, GraphQLResolveInfo } from 'graphql'
import { getNamedType, isAbstractType, isObjectType } from 'graphql'
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

/** Callbell returns types and options only on request, and only some of its endpoints can be asked for them. */
const whereSet =
  'Costs no further call under `contact`, `contacts` and `node`, and one call for each contact elsewhere, for example after a mutation.'

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
      description: `The type of the field, for the choice of a form control. ${whereSet} Null for a type that this schema does not know, or if that call fails.`,
      resolve: ({ type }) => fieldTypes.find((fieldType) => fieldType === type) ?? null,
    }),
    options: t.exposeStringList('options', {
      description: `The options of a dropdown or checkbox field. ${whereSet} Null for other fields, or if that call fails.`,
    }),
  }),
})

/** The fields of a custom field that Callbell returns only on request. */
export const typedFields: ReadonlySet<string> = new Set(['type', 'options'])

/**
 * Whether a read must request the types of custom fields from Callbell.
 *
 * @returns whether `type` or `options` of a custom field is selected anywhere under the field
 */
export function selectsFieldTypes(info: GraphQLResolveInfo): boolean {
  function isBelow(type: GraphQLNamedType, nodes: readonly FieldNode[]): boolean {
    if (isAbstractType(type)) return info.schema.getPossibleTypes(type).some((one) => isBelow(one, nodes))
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
