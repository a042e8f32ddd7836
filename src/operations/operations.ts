/** The one place that runs operations, by whichever way they came: coerced, admitted, run, settled. */
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql'
import { getVariableValues, GraphQLError, Kind, OperationTypeNode } from 'graphql'
import type { GatewayContext } from '../graphql/builder.ts'
import type { CallerLimit } from '../rate-limit/caller-limit.ts'
import { admit } from './admission.ts'
import { withoutUnknownFields } from './coerce-variables.ts'
import { createCacheByText } from './document-cache.ts'
import { executePlan } from './execute-plan.ts'
import type { OperationPlan } from './prepared-operation.ts'
import { PlanCache, PreparedOperation } from './prepared-operation.ts'
import { FieldErrors, OpenFields } from './run.ts'

type Values = Readonly<Record<string, unknown>>

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
   * @returns a result without `data` where nothing has run. It does not throw
   */
  execute(
    operation: PreparedOperation,
    context: GatewayContext,
    variables: Values | undefined,
  ): ExecutionResult | Promise<ExecutionResult>
}

/** Each error quotes the value that it complains of. */
const mostVariableErrors = 5

export function createOperations(schema: GraphQLSchema, limit: CallerLimit): Operations {
  const documents = createCacheByText<readonly PreparedOperation[]>()

  /** @returns coerced variables, or what is wrong with them */
  function coerce(
    { operation, coerceVariables }: PreparedOperation,
    given: Values,
  ): { readonly coerced: Values } | { readonly errors: readonly GraphQLError[] } {
    const fitting = coerceVariables(given)
    if (fitting) return { coerced: fitting }
    const options = { maxErrors: mostVariableErrors, hideSuggestions: true }
    const { variableDefinitions = [] } = operation
    const narrowed = withoutUnknownFields(schema, variableDefinitions, given)
    const { errors, coerced } = getVariableValues(schema, variableDefinitions, narrowed, options)
    return errors === undefined ? { coerced } : { errors: errors.map(toUserInputError) }
  }

  /** Runs what has been admitted. */
  function run(
    { document, operation, fragments }: PreparedOperation,
    root: OperationPlan['root'],
    context: GatewayContext,
    variableValues: Values,
    planned: number,
  ): ExecutionResult | Promise<ExecutionResult> {
    const { recorder, caller, size } = context
    recorder.isExecuted = true
    const errors = new FieldErrors()
    const open = new OpenFields()
    const result = executePlan(
      { schema, document, operation, fragments, variableValues, context, size, errors, open },
      root,
    )
    const end = (ended: ExecutionResult): ExecutionResult | Promise<ExecutionResult> => {
      const allEnded = open.none()
      return allEnded === undefined ? settle(ended) : allEnded.then(() => settle(ended))
    }
    const settle = (ended: ExecutionResult): ExecutionResult | Promise<ExecutionResult> => {
      const owed = recorder.callsMade - planned
      return owed === 0 ? ended : limit.settle(caller.bucket, owed).then(() => ended)
    }
    return result instanceof Promise ? result.then(end) : end(result)
  }

  return {
    find: (text, name) => operationIn(documents.get(text) ?? [], name),
    prepare(text, document, name) {
      const known = documents.get(text)
      if (known) return operationIn(known, name)
      const plans = new PlanCache(text.length)
      const operations = document.definitions.flatMap((definition) =>
        definition.kind === Kind.OPERATION_DEFINITION
          ? [new PreparedOperation(schema, document, definition, plans)]
          : [],
      )
      documents.set(text, operations)
      return operationIn(operations, name)
    },
    execute(prepared, context, variables = {}) {
      const variableValues = coerce(prepared, variables)
      if ('errors' in variableValues) return variableValues
      const { coerced } = variableValues
      const plan = prepared.planFor(coerced)
      const isMutation = prepared.type === OperationTypeNode.MUTATION
      const calls = plan.calls(coerced)
      const refusal = admit(limit, context.caller, { isMutation, reading: plan.reading, calls })
      // The usual case, without a promise.
      if (refusal === undefined) return run(prepared, plan.root, context, coerced, calls)
      if (!(refusal instanceof Promise)) return { errors: [refusal] }
      return refusal.then((late) =>
        late ? { errors: [late] } : run(prepared, plan.root, context, coerced, calls),
      )
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
