/** Plans the fields that a document selects, once for all runs. */
import type { GraphQLField, GraphQLObjectType, GraphQLSchema, SelectionSetNode } from 'graphql'
import {
  getNullableType,
  isLeafType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql'
import type { FieldNodes, SelectionScope } from '../graphql/selection.ts'
import { collectFields, setsBelow } from '../graphql/selection.ts'
import { completerOf } from './complete-value.ts'
import { createReadArguments } from './field-arguments.ts'
import type { Complete, FieldPlan, SelectionPlan } from './plan.ts'

/** `"":,` around each name in JSON. */
const punctuationBytes = 4

/**
 * @param sets selection sets of one object, which are merged
 * @throws GraphQLError where a directive can't be evaluated
 */
export function planSelection(
  scope: SelectionScope,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): SelectionPlan {
  const fields: FieldPlan[] = []
  for (const [key, nodes] of collectFields(scope, type, sets)) {
    const field = fieldOf(scope.schema, type, nodes[0].name.value)
    if (field) fields.push(new PlannedField(scope, type, key, field, nodes))
  }
  return {
    fields,
    keyBytes: fields.reduce((sum, { key }) => sum + Buffer.byteLength(key) + punctuationBytes, 0),
    // Only an object without a prototype can have a field of this name.
    emptyResults: fields.some(({ key }) => key === '__proto__') ? () => Object.create(null) : () => ({}),
  }
}

class PlannedField implements FieldPlan {
  readonly key: string
  readonly nodes: FieldNodes
  readonly parentType: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
  readonly complete: Complete
  readonly isProperty: boolean
  readonly readArguments: FieldPlan['readArguments']
  private readonly scope: SelectionScope
  private readonly plans = new Map<GraphQLObjectType, SelectionPlan>()

  constructor(
    scope: SelectionScope,
    parentType: GraphQLObjectType,
    key: string,
    field: GraphQLField<unknown, unknown>,
    nodes: FieldNodes,
  ) {
    this.scope = scope
    this.parentType = parentType
    this.key = key
    this.field = field
    this.nodes = nodes
    this.complete = completerOf(field.type)
    this.isProperty = !field.resolve && isLeafType(getNullableType(field.type))
    this.readArguments = createReadArguments(field, nodes[0])
  }

  below(type: GraphQLObjectType): SelectionPlan {
    const cached = this.plans.get(type)
    if (cached) return cached
    const plan = planSelection(this.scope, type, setsBelow(this.nodes))
    this.plans.set(type, plan)
    return plan
  }
}

function fieldOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef
  if (type === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef
  }
  return type.getFields()[name]
}
