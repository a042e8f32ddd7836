/** Hides the schema from callers. */
import { NoSchemaIntrospectionCustomRule } from 'graphql'
import type { GatewayPlugin } from './builder.ts'

/** Rejects introspection, and removes suggestions, which would reveal the schema's names one by one. */
export const useNoIntrospection: GatewayPlugin = {
  onValidate({ addValidationRule, validateFn, setValidationFn }) {
    addValidationRule(NoSchemaIntrospectionCustomRule)
    setValidationFn((schema, document, rules, options, typeInfo) =>
      validateFn(schema, document, rules, { ...options, hideSuggestions: true }, typeInfo),
    )
  },
}
