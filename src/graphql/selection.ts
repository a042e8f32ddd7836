/** Collects the fields of a selection, with those of its fragments and without skipped ones. */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLSchema,
  InlineFragmentNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  typeFromAST,
} from 'graphql'

/** What a selection is read with, for example a `GraphQLResolveInfo`. */
export interface SelectionScope {
  readonly schema: GraphQLSchema
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** Coerced variables of `@skip` and `@include`. */
  readonly variableValues: Readonly<Record<string, unknown>>
}

/** The nodes of a document that select the same field of a response. */
export type FieldNodes = readonly [FieldNode, ...FieldNode[]]

/**
 * @param type the object type that the fields are selected on
 * @param sets selection sets of one object, which are merged
 * @returns the fields by their names in the response
 * @throws GraphQLError where a directive can't be evaluated
 */
export function collectFields(
  scope: SelectionScope,
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
      if (fragment && appliesTo(schema, fragment, type)) collect(fragment.selectionSet)
    } else if (!isIncluded(selection, scope)) {
      return
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      if (appliesTo(schema, selection, type)) collect(selection.selectionSet)
    } else {
      const key = (selection.alias ?? selection.name).value
      const nodes = fields.get(key)
      if (nodes) nodes.push(selection)
      else fields.set(key, [selection])
    }
  }

  sets.forEach(collect)
  return fields
}

/** @throws GraphQLError where a condition has no value */
function isIncluded(node: SelectionNode, { variableValues }: SelectionScope): boolean {
  if (node.directives === undefined || node.directives.length === 0) return true
  const skip = getDirectiveValues(GraphQLSkipDirective, node, variableValues)
  if (skip?.['if'] === true) return false
  const include = getDirectiveValues(GraphQLIncludeDirective, node, variableValues)
  return include?.['if'] !== false
}

function appliesTo(
  schema: GraphQLSchema,
  { typeCondition }: FragmentDefinitionNode | InlineFragmentNode,
  type: GraphQLObjectType,
): boolean {
  const condition = typeCondition && typeFromAST(schema, typeCondition)
  if (condition === undefined || condition === type) return true
  return isAbstractType(condition) && schema.isSubType(condition, type)
}

/** @returns the selection sets below a field */
export function setsBelow(nodes: readonly FieldNode[]): readonly SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
}
