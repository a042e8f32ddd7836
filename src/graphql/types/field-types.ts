/** Whether the types of custom fields must be asked for: Callbell tells them on request only. */
import type { GraphQLNamedType, GraphQLResolveInfo, SelectionSetNode } from 'graphql'
import { getNamedType, isObjectType } from 'graphql'
import { CustomFieldType } from './custom-field.ts'
import { fieldsOf, setsBelow } from '../selection.ts'

/** The fields of a custom field that are null unless its type was asked for. */
const typed: ReadonlySet<string> = new Set(['type', 'options'])

/** @returns whether a custom field's `type` or `options` is selected anywhere below the field */
export function selectsFieldTypes(info: GraphQLResolveInfo): boolean {
  function isBelow(type: GraphQLNamedType, sets: readonly SelectionSetNode[]): boolean {
    if (!isObjectType(type)) return false
    const known = type.getFields()
    return [...fieldsOf(sets, info).values()].some((nodes) => {
      const [node] = nodes
      const field = node && known[node.name.value]
      if (!field) return false
      if (type.name === CustomFieldType.name && typed.has(field.name)) return true
      return isBelow(getNamedType(field.type), setsBelow(nodes))
    })
  }
  return isBelow(getNamedType(info.returnType), setsBelow(info.fieldNodes))
}
