/** Who may run an operation, and at what cost: decided before its first field runs, for all of it at once. */
import type { GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { getOperationAST, getVariableValues, GraphQLError, OperationTypeNode } from 'graphql'
import type { Scope } from '../../caller.ts'
import type { GatewayPlugin } from '../../graphql/builder.ts'
import type { CallerLimit } from './caller-limit.ts'
import { Refused } from '../../graphql/refused.ts'
import { countCalls } from './operation-cost.ts'

/** Each quotes the value that it complains of. */
const mostErrors = 5

/** What one operation may plan to call Callbell: a sixth of what the account may in a second. */
export const mostCalls = 50

/**
 * Asks for the scope that the operation needs (`FORBIDDEN`), refuses one that plans too many calls to
 * Callbell (`QUERY_TOO_COMPLEX`), and takes the calls that it will make from its caller's share (`RATE_LIMITED`). What it really cost is settled when it is done:
 * a lookup costs one more, an input that was refused or a key that was replayed costs nothing.
 */
export function useAdmission(limit: CallerLimit): GatewayPlugin {
  return {
    async onExecute({ args, setResultAndStopExecution }) {
      const { schema, document, operationName, variableValues, contextValue } = args
      const operation = getOperationAST(document, operationName)
      // What there is no operation for is refused by the execution.
      if (!operation) return undefined
      const variables = readVariables(schema, operation, variableValues)
      if ('errors' in variables) {
        setResultAndStopExecution(variables)
        return undefined
      }
      const planned = countCalls(schema, document, operation, variables.coerced)
      // Nothing of the account is asked for: only what the gateway itself is.
      if (planned === 0) return undefined
      const { caller, activity } = contextValue
      const { bucket, scopes } = caller
      const scope = scopeOf(operation)
      if (!scopes.has(scope)) throw lacksScope(scope)
      if (planned > mostCalls) throw isTooMuch(planned)
      const waitMs = await limit.take(bucket, planned)
      if (waitMs > 0) throw isLimited(planned, waitMs)
      return {
        onExecuteDone: () => limit.settle(bucket, activity.callsMade - planned),
      }
    },
  }
}

/** The execution would look for fifty mistakes, and quote the whole of a large variable in each. */
function readVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: unknown,
): { readonly coerced: Readonly<Record<string, unknown>> } | { readonly errors: readonly GraphQLError[] } {
  const given = typeof variables === 'object' && variables !== null ? { ...variables } : {}
  const options = { maxErrors: mostErrors, hideSuggestions: true }
  const { errors, coerced } = getVariableValues(schema, variableDefinitions, given, options)
  if (errors === undefined) return { coerced }
  const http = { status: 400 }
  return {
    errors: errors.map(
      ({ message, nodes = null }) =>
        new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT', http } }),
    ),
  }
}

export function scopeOf({ operation }: OperationDefinitionNode): Scope {
  return operation === OperationTypeNode.MUTATION ? 'contacts:write' : 'contacts:read'
}

function lacksScope(scope: Scope): Refused {
  return new Refused({
    status: 403,
    code: 'FORBIDDEN',
    message: `This operation needs the scope ${scope}, which the caller does not have`,
  })
}

function isTooMuch(calls: number): Refused {
  return new Refused({
    status: 400,
    code: 'QUERY_TOO_COMPLEX',
    message: `The operation makes ${calls} calls to Callbell, and one may make at most ${mostCalls}: ask for fewer in \`first\`, or without \`bot\` and \`messages\` of each`,
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
