/** What an operation runs as: its fields by the types that they are asked of, collected once for all runs. */
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
import type { Complete } from './complete-value.ts'
import { completerOf } from './complete-value.ts'
import { createReadArguments } from './field-arguments.ts'

/** What a document is read with. */
export interface PlanScope {
  readonly schema: GraphQLSchema
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** Coerced: what `@skip` and `@include` are decided by. */
  readonly variableValues: Readonly<Record<string, unknown>>
}

/** The fields that are selected on one object type. */
export interface SelectionPlan {
  readonly fields: readonly FieldPlan[]
  /** Bytes that the names of the fields take in each object of the answer, with their punctuation. */
  readonly keyBytes: number
  /** @returns an object to be filled with the fields */
  emptyResults(): Record<string, unknown>
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
    if (field) fields.push(new FieldPlan(scope, type, key, field, nodes))
  }
  return {
    fields,
    keyBytes: fields.reduce((sum, { key }) => sum + Buffer.byteLength(key) + punctuationBytes, 0),
    // Only an object without a prototype can have a field of this name.
    emptyResults: fields.some(({ key }) => key === '__proto__') ? () => Object.create(null) : () => ({}),
  }
}

/** One field of an answer. */
export class FieldPlan {
  /** Its name in the answer. */
  readonly key: string
  /** All places of the document that ask for it. */
  readonly nodes: Nodes
  readonly parentType: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
  readonly complete: Complete
  /** Whether it is a leaf that is read from its object, by no resolver. */
  readonly isProperty: boolean
  /** @throws GraphQLError where an argument does not fit */
  readonly readArguments: ReturnType<typeof createReadArguments>
  private readonly scope: PlanScope
  private readonly plans = new Map<GraphQLObjectType, SelectionPlan>()

  constructor(
    scope: PlanScope,
    parentType: GraphQLObjectType,
    key: string,
    field: GraphQLField<unknown, unknown>,
    nodes: Nodes,
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

  /**
   * What is selected below it, of a value of this type. Collected when it is first asked for.
   *
   * @throws GraphQLError where a directive can't be evaluated, each time
   */
  below(type: GraphQLObjectType): SelectionPlan {
    const known = this.plans.get(type)
    if (known) return known
    const sets = this.nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
    const plan = planSelection(this.scope, type, sets)
    this.plans.set(type, plan)
    return plan
  }
}

type Nodes = readonly [FieldNode, ...FieldNode[]]

function collectFields(
  scope: PlanScope,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): ReadonlyMap<string, Nodes> {
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
