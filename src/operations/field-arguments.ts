/** Reads the arguments of a field at each run. */
import type { FieldNode, GraphQLField, ValueNode } from 'graphql'
import { getArgumentValues, isNonNullType, Kind } from 'graphql'
import type { FieldArguments } from '../graphql/field-cost.ts'
import type { VariableValues } from './plan.ts'

type ReadArguments = (variableValues: VariableValues) => FieldArguments

const none: FieldArguments = Object.freeze({})

/**
 * @returns a function from coerced variables to the field's arguments
 * @throws (the function) GraphQLError where an argument does not fit
 */
export function createReadArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): ReadArguments {
  if (field.args.length === 0) return () => none
  return (
    readWholeVariables(field, node) ?? ((variableValues) => getArgumentValues(field, node, variableValues))
  )
}

/**
 * The common case: each argument is one variable, which is coerced already.
 *
 * @returns undefined where any argument is not a variable
 */
function readWholeVariables(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): ReadArguments | undefined {
  const given = new Map(node.arguments?.map(({ name, value }) => [name.value, value]))
  const variables = field.args.map(({ name }) => variableIn(given.get(name)))
  if (given.size === 0 || [...given.values()].some(({ kind }) => kind !== Kind.VARIABLE)) return undefined
  return (variableValues) => {
    const values: Record<string, unknown> = {}
    for (const [index, { name, type, defaultValue }] of field.args.entries()) {
      const variable = variables[index]
      const value =
        variable !== undefined && Object.hasOwn(variableValues, variable)
          ? variableValues[variable]
          : undefined
      if (value !== undefined && !(value === null && isNonNullType(type))) values[name] = value
      else if (value === undefined && defaultValue !== undefined) values[name] = defaultValue
      // It must not be null: graphql-js throws the error.
      else if (isNonNullType(type)) return getArgumentValues(field, node, variableValues)
    }
    return values
  }
}

function variableIn(value: ValueNode | undefined): string | undefined {
  return value?.kind === Kind.VARIABLE ? value.name.value : undefined
}
