/** Who may run an operation, and at what cost: decided before its first field runs, for all of it at once. */
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode } from 'graphql'
import { getOperationAST, getVariableValues, GraphQLError, Kind, OperationTypeNode } from 'graphql'
import type { Scope } from '../../caller.ts'
import type { GatewayPlugin } from '../../graphql/builder.ts'
import type { CallerLimit } from './caller-limit.ts'
import { Refused } from '../../graphql/refused.ts'

/** Each quotes the value that it complains of. */
const mostErrors = 5

/**
 * Asks for the scope that the operation needs (`FORBIDDEN`), and takes the calls to Callbell that it
 * will make from its caller's share (`RATE_LIMITED`). What it really cost is settled when it is done:
 * a lookup costs one more, an input that was refused or a key that was replayed costs nothing.
 */
export function useAdmission(limit: CallerLimit): GatewayPlugin {
  return {
    async onExecute({ args, setResultAndStopExecution }) {
      const { schema, document, operationName, variableValues, contextValue } = args
      const operation = getOperationAST(document, operationName)
      // What there is no operation for is refused by the execution.
      if (!operation) return undefined
      const errors = findWrongVariables(schema, operation, variableValues)
      if (errors) {
        setResultAndStopExecution({ errors })
        return undefined
      }
      const planned = countCalls(document, operation)
      // Nothing of the account is asked for: only what the gateway itself is.
      if (planned === 0) return undefined
      const { origin, callsMade } = contextValue
      const { bucket, scopes } = origin.caller
      const scope = scopeOf(operation)
      if (!scopes.has(scope)) throw lacksScope(scope)
      const waitMs = await limit.take(bucket, planned)
      if (waitMs > 0) throw isLimited(planned, waitMs)
      return {
        onExecuteDone: () => limit.settle(bucket, callsMade() - planned),
      }
    },
  }
}

/** The execution would look for fifty, and quote the whole of a large variable in each. */
function findWrongVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: unknown,
): readonly GraphQLError[] | undefined {
  const given = typeof variables === 'object' && variables !== null ? { ...variables } : {}
  const options = { maxErrors: mostErrors, hideSuggestions: true }
  const { errors } = getVariableValues(schema, variableDefinitions, given, options)
  const http = { status: 400 }
  return errors?.map(
    ({ message, nodes = null }) =>
      new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT', http } }),
  )
}

function scopeOf({ operation }: OperationDefinitionNode): Scope {
  return operation === OperationTypeNode.MUTATION ? 'contacts:write' : 'contacts:read'
}

/** Each field of the root is one call, unless something goes wrong. `__typename` and `__schema` are none. */
function countCalls(document: DocumentNode, operation: OperationDefinitionNode): number {
  function count({ selections }: SelectionSetNode): number {
    let calls = 0
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) calls += selection.name.value.startsWith('__') ? 0 : 1
      else if (selection.kind === Kind.INLINE_FRAGMENT) calls += count(selection.selectionSet)
      else calls += countFragment(selection.name.value)
    }
    return calls
  }
  function countFragment(name: string): number {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name) {
        return count(definition.selectionSet)
      }
    }
    return 0
  }
  return count(operation.selectionSet)
}

function lacksScope(scope: Scope): Refused {
  return new Refused({
    status: 403,
    code: 'FORBIDDEN',
    message: `This operation needs the scope ${scope}, which the caller does not have`,
  })
}

function isLimited(calls: number, waitMs: number): Refused {
  if (waitMs === Number.POSITIVE_INFINITY) {
    return new Refused({
      status: 429,
      code: 'RATE_LIMITED',
      message: `The operation makes ${calls} calls to Callbell, which is more than this caller may make at once`,
    })
  }
  return new Refused({
    status: 429,
    code: 'RATE_LIMITED',
    message: 'This caller makes too many calls to Callbell',
    retryable: true,
    retryAfterMs: Math.ceil(waitMs),
  })
}
