/** Lists the fields of a selection, with those of its fragments and without skipped ones. */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLDirective,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { getDirectiveValues, GraphQLIncludeDirective, GraphQLSkipDirective, Kind } from 'graphql'

/** What a selection is read with, for example a `GraphQLResolveInfo`. */
export interface Reading {
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  readonly variableValues: Readonly<Record<string, unknown>>
}

/** @returns the fields by their names in the response, each with all nodes that select it */
export function fieldsOf(
  sets: readonly SelectionSetNode[],
  reading: Reading,
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>()
  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (!isIncluded(selection, reading)) continue
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value
        fields.set(name, [...(fields.get(name) ?? []), selection])
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet)
      } else {
        const fragment = reading.fragments[selection.name.value]
        if (fragment) collect(fragment.selectionSet)
      }
    }
  }
  sets.forEach(collect)
  return fields
}

/** @returns the selections below a field */
export function setsBelow(nodes: readonly FieldNode[]): readonly SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
}

function isIncluded(node: SelectionNode, { variableValues }: Reading): boolean {
  const says = (directive: GraphQLDirective, value: boolean): boolean => {
    try {
      return getDirectiveValues(directive, node, variableValues)?.['if'] === value
    } catch {
      // The operation fails when it runs.
      return false
    }
  }
  return !says(GraphQLSkipDirective, true) && !says(GraphQLIncludeDirective, false)
}
