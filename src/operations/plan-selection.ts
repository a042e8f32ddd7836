/** Collects the fields that a document selects, once for all runs. */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLObjectType,
  GraphQLSchema,
  InlineFragmentNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import {
  getDirectiveValues,
  getNullableType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isLeafType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  typeFromAST,
} from 'graphql'
import { completerOf } from './complete-value.ts'
import { createReadArguments } from './field-arguments.ts'
import type { Complete, FieldNodes, FieldPlan, SelectionPlan, VariableValues } from './plan.ts'

/** What fields are collected with. */
export interface PlanScope {
  readonly schema: GraphQLSchema
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** Coerced variables of `@skip` and `@include`. */
  readonly variableValues: VariableValues
}

/** `"":,` around each name in JSON. */
const punctuationBytes = 4

/**
 * @param sets selection sets of one object, which are merged
 * @throws GraphQLError where a directive can't be evaluated
 */
export function planSelection(
  scope: PlanScope,
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
  private readonly scope: PlanScope
  private readonly plans = new Map<GraphQLObjectType, SelectionPlan>()

  constructor(
    scope: PlanScope,
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
    const sets = this.nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
    const plan = planSelection(this.scope, type, sets)
    this.plans.set(type, plan)
    return plan
  }
}

function collectFields(
  scope: PlanScope,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): ReadonlyMap<string, FieldNodes> {
  const { schema, fragments } = scope
  const fields = new Map<string, [FieldNode, ...FieldNode[]]>()
  const spread = new Set<string>()

  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) collectOne(selection)
  }

  function collectOne(selection: SelectionNode): void {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = selection.name.value
      if (spread.has(name) || !isIncluded(selection, scope)) return
      spread.add(name)
      const fragment = fragments[name]
      if (fragment && fits(schema, fragment, type)) collect(fragment.selectionSet)
    } else if (!isIncluded(selection, scope)) {
      return
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      if (fits(schema, selection, type)) collect(selection.selectionSet)
    } else {
      const key = (selection.alias ?? selection.name).value
      const there = fields.get(key)
      if (there) there.push(selection)
      else fields.set(key, [selection])
    }
  }

  sets.forEach(collect)
  return fields
}

/** @throws GraphQLError where a condition has no value */
function isIncluded(node: SelectionNode, { variableValues }: PlanScope): boolean {
  if (node.directives === undefined || node.directives.length === 0) return true
  const skip = getDirectiveValues(GraphQLSkipDirective, node, variableValues)
  if (skip?.['if'] === true) return false
  const include = getDirectiveValues(GraphQLIncludeDirective, node, variableValues)
  return include?.['if'] !== false
}

function fits(
  schema: GraphQLSchema,
  { typeCondition }: FragmentDefinitionNode | InlineFragmentNode,
  type: GraphQLObjectType,
): boolean {
  const condition = typeCondition && typeFromAST(schema, typeCondition)
  if (condition === undefined || condition === type) return true
  return isAbstractType(condition) && schema.isSubType(condition, type)
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
