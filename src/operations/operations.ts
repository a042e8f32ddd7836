/** The only place that admits and runs operations: those of the fast path and those of Yoga. */
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql'
import { getVariableValues, GraphQLError, Kind, locatedError, OperationTypeNode } from 'graphql'
import type { Logger } from '../domain/logger.ts'
import type { GatewayContext } from '../graphql/builder.ts'
import { describeErrors } from '../graphql/describe-errors.ts'
import type { CallerLimit } from '../rate-limit/caller-limit.ts'
import { admit } from './admission.ts'
import { withoutUnknownFields } from './coerce-variables.ts'
import { createCacheByText } from './document-cache.ts'
import { executePlan } from './execute-plan.ts'
import type { OperationPlan } from './prepared-operation.ts'
import { PlanCache, PreparedOperation } from './prepared-operation.ts'
import type { VariableValues } from './plan.ts'
import { FieldErrors, OpenFields } from './run.ts'

export interface Operations {
  /**
   * @param name undefined: the only operation of the document
   * @returns an operation of a document that was prepared before; undefined if there is none
   */
  find(text: string, name: string | undefined): PreparedOperation | undefined
  /**
   * Prepares the operations of a document.
   *
   * @param document parsed from `text`, valid and within the limits of documents
   * @returns as `find`
   */
  prepare(text: string, document: DocumentNode, name: string | undefined): PreparedOperation | undefined
  /**
   * Coerces the variables, counts the calls to Callbell, admits the operation, runs it, and corrects the
   * caller's rate limit by the calls that were made. Nothing else admits or runs an operation.
   *
   * @param variables as they were sent
   * @returns a result whose errors are what the caller may see; without `data` where nothing has run. It
   *   neither throws nor rejects
   */
  execute(
    operation: PreparedOperation,
    context: GatewayContext,
    variables: VariableValues | undefined,
  ): ExecutionResult | Promise<ExecutionResult>
}

export interface OperationsParts {
  readonly schema: GraphQLSchema
  readonly limit: CallerLimit
  /** Receives unexpected errors in full. */
  readonly log: Logger
  /** Whether callers may read the schema, so that errors may suggest its names. */
  readonly introspection: boolean
}

/** Each error quotes the value that is wrong. */
const maxVariableErrors = 5

export function createOperations({ schema, limit, log, introspection }: OperationsParts): Operations {
  const documents = createCacheByText<readonly PreparedOperation[]>()

  /** @returns coerced variables, or what is wrong with them */
  function coerce(
    { operation, coerceVariables }: PreparedOperation,
    given: VariableValues,
  ): { readonly coerced: VariableValues } | { readonly errors: readonly GraphQLError[] } {
    const fitting = coerceVariables(given)
    if (fitting) return { coerced: fitting }
    const options = { maxErrors: maxVariableErrors, hideSuggestions: !introspection }
    const { variableDefinitions = [] } = operation
    const narrowed = withoutUnknownFields(schema, variableDefinitions, given)
    const { errors, coerced } = getVariableValues(schema, variableDefinitions, narrowed, options)
    return errors === undefined ? { coerced } : { errors: errors.map(toUserInputError) }
  }

  /** Runs an admitted operation. @param planned calls to Callbell that it was admitted with */
  function run(
    { document, operation, fragments }: PreparedOperation,
    root: OperationPlan['root'],
    context: GatewayContext,
    variableValues: VariableValues,
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
      const described = describe(operation.operation, context, ended)
      const owed = recorder.callsMade - planned
      return owed === 0 ? described : limit.settle(caller.bucket, owed).then(() => described)
    }
    return result instanceof Promise ? result.then(end) : end(result)
  }

  function describe(
    type: OperationTypeNode,
    { recorder, outcomes }: GatewayContext,
    result: ExecutionResult,
  ): ExecutionResult {
    // The usual case, without an object.
    if (result.errors === undefined) return result
    return describeErrors(result, {
      recorder,
      outcomes,
      log,
      isMutation: type === OperationTypeNode.MUTATION,
    })
  }

  function admitAndRun(
    prepared: PreparedOperation,
    context: GatewayContext,
    variables: VariableValues,
  ): ExecutionResult | Promise<ExecutionResult> {
    const { type } = prepared
    const variableValues = coerce(prepared, variables)
    if ('errors' in variableValues) return describe(type, context, variableValues)
    const { coerced } = variableValues
    const plan = prepared.planFor(coerced)
    const calls = plan.calls(coerced)
    const isMutation = type === OperationTypeNode.MUTATION
    const rejection = admit(limit, context.caller, { isMutation, reading: plan.reading, calls })
    // The usual case, without a promise.
    if (rejection === undefined) return run(prepared, plan.root, context, coerced, calls)
    if (!(rejection instanceof Promise)) return describe(type, context, { errors: [rejection] })
    return rejection.then((late) =>
      late ? describe(type, context, { errors: [late] }) : run(prepared, plan.root, context, coerced, calls),
    )
  }

  return {
    find: (text, name) => operationIn(documents.get(text) ?? [], name),
    prepare(text, document, name) {
      const cached = documents.get(text)
      if (cached) return operationIn(cached, name)
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
      try {
        return admitAndRun(prepared, context, variables)
      } catch (error) {
        return describe(prepared.type, context, { errors: [locatedError(error, undefined)] })
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
