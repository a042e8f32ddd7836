/** Which types hold data of the account, and what of them a caller without `contacts:read` may select. */
import type { GraphQLObjectType } from 'graphql'

/** As `extensions` of a type. */
export const accountData = { isAccountData: true }

/** What names a thing says nothing about it. */
const namingFields: ReadonlySet<string> = new Set(['__typename', 'id', 'uuid'])

/** @returns whether selecting this field reads data of the account */
export function readsAccountData({ extensions }: GraphQLObjectType, fieldName: string): boolean {
  return extensions['isAccountData'] === true && !namingFields.has(fieldName)
}
