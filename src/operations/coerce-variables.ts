/**
 * Coerces valid variables by functions that are created once for each type. graphql-js takes several times as
 * long, because it keeps a path for errors that few requests have. Invalid variables are left to graphql-js,
 * which reports their errors. `test/unit/operations/execute-plan.test.ts` compares the two.
 */
import type { GraphQLInputType, GraphQLSchema, VariableDefinitionNode } from 'graphql'
import {
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  typeFromAST,
  valueFromAST,
} from 'graphql'
import { isObject } from '../domain/json.ts'
import type { VariableValues } from './plan.ts'

/** Returned for a value that is not coerced here: it is invalid, or graphql-js has to coerce it. */
const notCoerced = Symbol('not coerced')
type Coerce = (value: unknown) => unknown

/**
 * @returns a function from variables as they were sent to coerced variables; it returns undefined where
 *   graphql-js has to coerce them
 */
export function createCoerceVariables(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
): (given: VariableValues) => VariableValues | undefined {
  const coercers = definitions.map((definition) => coercerOfVariable(schema, definition))
  // It would set the prototype of what is returned.
  if (coercers.some(({ name }) => name === '__proto__')) return () => undefined
  return (given) => {
    const coerced: Record<string, unknown> = {}
    for (const { name, coerce, fallback } of coercers) {
      const isGiven = Object.hasOwn(given, name)
      const value = isGiven ? coerce(given[name]) : fallback
      if (value === notCoerced) return undefined
      if (isGiven || value !== undefined) coerced[name] = value
    }
    return coerced
  }
}

function coercerOfVariable(
  schema: GraphQLSchema,
  { variable, type: node, defaultValue }: VariableDefinitionNode,
) {
  const type = typeFromAST(schema, node)
  const name = variable.name.value
  if (!isInputType(type)) return { name, coerce: () => notCoerced, fallback: notCoerced }
  const whenAbsent = isNonNullType(type) ? notCoerced : undefined
  return {
    name,
    coerce: coercerOf(type),
    fallback: defaultValue ? valueFromAST(defaultValue, type) : whenAbsent,
  }
}

/** Unknown fields of one object that are kept. At most five errors are reported. */
const maxUnknownFields = 10

/**
 * Limits the work of graphql-js, which quotes a whole object in the error of each of its unknown fields.
 *
 * @returns the variables, with at most ten unknown fields in each object
 */
export function withoutUnknownFields(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  given: VariableValues,
): VariableValues {
  const narrowed: Record<string, unknown> = Object.create(null)
  for (const { variable, type: node } of definitions) {
    const type = typeFromAST(schema, node)
    const { value: name } = variable.name
    if (isInputType(type) && Object.hasOwn(given, name)) narrowed[name] = narrow(given[name], type)
  }
  return narrowed
}

/** Recurses by types, so that deeply nested values do not matter. */
function narrow(value: unknown, type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return narrow(value, type.ofType)
  if (isListType(type)) {
    const itemType: GraphQLInputType = type.ofType
    return Array.isArray(value) ? value.map((item) => narrow(item, itemType)) : narrow(value, itemType)
  }
  if (!isInputObjectType(type) || !isObject(value)) return value
  const fields = type.getFields()
  let unknown = 0
  const kept = Object.entries(value).flatMap(([name, item]) => {
    const field = fields[name]
    if (field) return [[name, narrow(item, field.type)]]
    unknown += 1
    return unknown <= maxUnknownFields ? [[name, item]] : []
  })
  return Object.fromEntries(kept)
}

const coercerByType = new WeakMap<GraphQLInputType, Coerce>()

/** Creates it on first use, because input types may refer to each other. */
function coercerOf(type: GraphQLInputType): Coerce {
  const cached = coercerByType.get(type)
  if (cached) return cached
  const coercer = makeCoercer(type)
  coercerByType.set(type, coercer)
  return coercer
}

function makeCoercer(type: GraphQLInputType): Coerce {
  if (isNonNullType(type)) {
    const coerce = coercerOf(type.ofType)
    return (value) => (value === null || value === undefined ? notCoerced : coerce(value))
  }
  const coerce = makeNotNullCoercer(type)
  return (value) => (value === null || value === undefined ? null : coerce(value))
}

function makeNotNullCoercer(type: GraphQLInputType): Coerce {
  if (isListType(type)) return listOf(coercerOf(type.ofType))
  if (isInputObjectType(type)) {
    if (type.isOneOf) return () => notCoerced
    let coerce: Coerce | undefined
    return (value) => {
      coerce ??= objectOf(Object.values(type.getFields()))
      return coerce(value)
    }
  }
  if (!isLeafType(type)) return () => notCoerced
  return (value) => {
    try {
      return type.parseValue(value) ?? notCoerced
    } catch {
      return notCoerced
    }
  }
}

function listOf(coerceItem: Coerce): Coerce {
  return (value) => {
    if (!Array.isArray(value)) return notCoerced
    const items: unknown[] = []
    for (const item of value) {
      const coerced = coerceItem(item)
      if (coerced === notCoerced) return notCoerced
      items.push(coerced)
    }
    return items
  }
}

function objectOf(
  definitions: readonly {
    readonly name: string
    readonly type: GraphQLInputType
    readonly defaultValue?: unknown
  }[],
): Coerce {
  const fields = definitions.map(({ name, type, defaultValue }) => ({
    name,
    coerce: coercerOf(type),
    isRequired: isNonNullType(type),
    defaultValue,
  }))
  return (value) => {
    if (!isObject(value)) return notCoerced
    const coerced: Record<string, unknown> = {}
    let found = 0
    for (const { name, coerce, isRequired, defaultValue } of fields) {
      const given = value[name]
      if (given === undefined) {
        if (defaultValue !== undefined) coerced[name] = defaultValue
        else if (isRequired) return notCoerced
        continue
      }
      found += 1
      const item = coerce(given)
      if (item === notCoerced) return notCoerced
      coerced[name] = item
    }
    // Any further field is unknown to the type.
    return Object.keys(value).length === found ? coerced : notCoerced
  }
}
