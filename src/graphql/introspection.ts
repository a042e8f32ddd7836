/** Keeping the schema to those who have it. */
import { NoSchemaIntrospectionCustomRule } from 'graphql'
import type { GatewayPlugin } from './builder.ts'

/** Refuses to show the schema, and to name its parts by and by in "Did you mean …?". */
export const useNoIntrospection: GatewayPlugin = {
  onValidate({ addValidationRule, validateFn, setValidationFn }) {
    addValidationRule(NoSchemaIntrospectionCustomRule)
    setValidationFn((schema, document, rules, options, typeInfo) =>
      validateFn(schema, document, rules, { ...options, hideSuggestions: true }, typeInfo),
    )
  },
}
