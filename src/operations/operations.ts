/** The one place that runs operations, by whichever way they came: coerced, admitted, run, settled. */
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql'
import { getVariableValues, GraphQLError, Kind, OperationTypeNode } from 'graphql'
import type { GatewayContext } from '../graphql/builder.ts'
import type { CallerLimit } from '../rate-limit/caller-limit.ts'
import { admit, settle } from './admission.ts'
import { createCacheByText } from './document-cache.ts'
import { executePlan, FieldErrors } from './execute-plan.ts'
import { PreparedOperation } from './prepared-operation.ts'

export interface Operations {
  /**
   * @param name undefined: the only operation of its document
   * @returns an operation of a document that has run before; undefined where there is none
   */
  find(text: string, name: string | undefined): PreparedOperation | undefined
  /**
   * Prepares the operations of a document.
   *
   * @param document parsed from `text`, within the limits of documents, and valid
   * @returns as `find`
   */
  prepare(text: string, document: DocumentNode, name: string | undefined): PreparedOperation | undefined
  /**
   * @param variables as they were sent
   * @returns a result without `data` where nothing has run
   */
  execute(
    operation: PreparedOperation,
    context: GatewayContext,
    variables: Readonly<Record<string, unknown>> | undefined,
  ): Promise<ExecutionResult>
}

/** Each error quotes the value that it complains of. */
const mostVariableErrors = 5
/** A field and what parts it from the next takes more: only fragments and conditions exceed it. */
const charactersOfField = 2

export function createOperations(schema: GraphQLSchema, limit: CallerLimit): Operations {
  const documents = createCacheByText<readonly PreparedOperation[]>()

  /** @returns coerced variables, or what is wrong with them */
  function coerce(
    { operation }: PreparedOperation,
    variables: Readonly<Record<string, unknown>> | undefined,
  ) {
    const { variableDefinitions = [] } = operation
    const options = { maxErrors: mostVariableErrors, hideSuggestions: true }
    return getVariableValues(schema, variableDefinitions, variables ?? {}, options)
  }

  return {
    find: (text, name) => operationIn(documents.get(text) ?? [], name),
    prepare(text, document, name) {
      const known = documents.get(text)
      if (known) return operationIn(known, name)
      const budget = { left: text.length / charactersOfField }
      const operations = document.definitions.flatMap((definition) =>
        definition.kind === Kind.OPERATION_DEFINITION
          ? [new PreparedOperation(schema, document, definition, budget)]
          : [],
      )
      documents.set(text, operations)
      return operationIn(operations, name)
    },
    async execute(prepared, context, variables) {
      const { document, operation, fragments } = prepared
      const { errors, coerced } = coerce(prepared, variables)
      if (errors !== undefined) return { errors: errors.map(toUserInputError) }
      const plan = prepared.planFor(coerced)
      const calls = plan.calls(coerced)
      const refusal = await admit(limit, context.caller, {
        isMutation: operation.operation === OperationTypeNode.MUTATION,
        reading: plan.reading,
        calls,
      })
      if (refusal) return { errors: [refusal] }
      context.activity.isExecuted = true
      const { size } = context
      const run = {
        schema,
        document,
        operation,
        fragments,
        variableValues: coerced,
        context,
        size,
        errors: new FieldErrors(),
      }
      try {
        return await executePlan(run, plan.root)
      } finally {
        await settle(limit, context.caller, context.activity.callsMade - calls)
      }
    },
  }
}

function operationIn(
  operations: readonly PreparedOperation[],
  name: string | undefined,
): PreparedOperation | undefined {
  if (name !== undefined) return operations.find((operation) => operation.name === name)
  return operations.length === 1 ? operations[0] : undefined
}

function toUserInputError({ message, nodes }: GraphQLError): GraphQLError {
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  })
}
