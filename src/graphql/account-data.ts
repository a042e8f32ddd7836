/** Which types have data of the account, and which of their fields callers without `contacts:read` may select. */
import type { GraphQLObjectType } from 'graphql'

/** Declared as `extensions` of a type. */
export const accountData = { isAccountData: true }

/** An id reveals no data. */
const namingFields: ReadonlySet<string> = new Set(['__typename', 'id', 'uuid', 'botUuid'])

/** @returns whether selecting this field reads data of the account */
export function readsAccountData({ extensions }: GraphQLObjectType, fieldName: string): boolean {
  return extensions['isAccountData'] === true && !namingFields.has(fieldName)
}
