/** Rejects operations of a type that the schema does not have, such as subscriptions. */
import type { ASTVisitor, ValidationContext } from 'graphql'
import { GraphQLError } from 'graphql'
import type { GatewayPlugin } from '../graphql/builder.ts'

/** graphql-js 16 has no rule for it, and fails such an operation when it is executed. */
export const useKnownOperationTypes: GatewayPlugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(knownOperationTypes),
}

function knownOperationTypes(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(node) {
      if (context.getSchema().getRootType(node.operation)) return
      context.reportError(new GraphQLError(`The schema has no ${node.operation}s.`, { nodes: node }))
    },
  }
}
