/** Counts the calls to Callbell that an operation makes if none fails. */
import type { GraphQLNamedType, GraphQLObjectType, GraphQLSchema, ValueNode } from 'graphql'
import { getNamedType, isAbstractType, isObjectType, Kind } from 'graphql'
import type { FieldArguments, FieldCost, Selects } from '../graphql/field-cost.ts'
import type { FieldPlan, SelectionPlan, VariableValues } from './plan.ts'

const costOfRootField: FieldCost = () => ({ calls: 1 })
const free: FieldCost = () => ({ calls: 0 })

/** @returns the cost that a field declares; undefined where it declares none */
function declaredCost({ field }: FieldPlan): FieldCost | undefined {
  return field.extensions.cost
}

/**
 * Counts the most expensive type where a value may have several, and each item of a list.
 *
 * @param variableValues coerced
 */
export function countCalls(
  schema: GraphQLSchema,
  root: SelectionPlan,
  variableValues: VariableValues,
): number {
  function count({ fields }: SelectionPlan, usual: FieldCost): number {
    let calls = 0
    for (const field of fields) {
      // Introspection is no field of a type, and costs nothing.
      if (field.field.name.startsWith('__')) continue
      const cost = (declaredCost(field) ?? usual)(
        argumentsOf(field, variableValues),
        selectsBelow(schema, field),
      )
      calls += cost.calls + (cost.multiplier ?? 1) * countBelow(field)
    }
    return calls
  }

  function countBelow(field: FieldPlan): number {
    const counts = belowOf(schema, field).map((plan) => count(plan, free))
    return Math.max(0, ...counts)
  }

  return count(root, costOfRootField)
}

/** @returns whether the field declares a cost, and makes a call with its default arguments */
export function makesCalls(schema: GraphQLSchema, field: FieldPlan): boolean {
  const cost = declaredCost(field)
  return cost !== undefined && cost({}, selectsBelow(schema, field)).calls > 0
}

function selectsBelow(schema: GraphQLSchema, field: FieldPlan): Selects {
  return (typeName, fieldNames) => {
    const isSelected = (plan: FieldPlan): boolean =>
      belowOf(schema, plan).some(({ fields }) =>
        fields.some(
          (below) =>
            (below.parentType.name === typeName && fieldNames.has(below.field.name)) || isSelected(below),
        ),
      )
    return isSelected(field)
  }
}

/** @returns the plans below a field: one for each type that its value may have */
export function belowOf(schema: GraphQLSchema, field: FieldPlan): readonly SelectionPlan[] {
  return objectTypesOf(schema, getNamedType(field.field.type)).flatMap((type) => {
    try {
      return field.below(type)
    } catch {
      // A directive can't be evaluated: the field fails before anything below it runs.
      return []
    }
  })
}

function objectTypesOf(schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLObjectType[] {
  if (isObjectType(type)) return [type]
  return isAbstractType(type) ? schema.getPossibleTypes(type) : []
}

function argumentsOf(field: FieldPlan, variableValues: VariableValues): FieldArguments {
  try {
    return field.readArguments(variableValues)
  } catch {
    return {}
  }
}

/** @returns whether any declared cost depends on a variable */
export function hasVariableCost(schema: GraphQLSchema, { fields }: SelectionPlan): boolean {
  return fields.some((field) => {
    const isVariable =
      declaredCost(field) !== undefined && field.nodes[0].arguments?.some(({ value }) => usesVariable(value))
    return isVariable === true || belowOf(schema, field).some((plan) => hasVariableCost(schema, plan))
  })
}

function usesVariable(value: ValueNode): boolean {
  if (value.kind === Kind.VARIABLE) return true
  if (value.kind === Kind.LIST) return value.values.some(usesVariable)
  return value.kind === Kind.OBJECT && value.fields.some((field) => usesVariable(field.value))
}
