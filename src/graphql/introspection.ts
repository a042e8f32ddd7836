/** Keeping the schema to those who have it. */
import { NoSchemaIntrospectionCustomRule } from 'graphql'
import type { GatewayPlugin } from './builder.ts'

/** Refuses to show the schema. What names its parts by and by, "Did you mean …?", is hidden as well. */
export const useNoIntrospection: GatewayPlugin = {
  onValidate({ addValidationRule }) {
    addValidationRule(NoSchemaIntrospectionCustomRule)
  },
}

/** graphql-js names what comes close to a wrong field, argument, type or value at the end of its message. */
export function withoutSuggestion(message: string): string {
  return message.replace(/ ?Did you mean .*\?$/s, '')
}
