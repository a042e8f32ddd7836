/** What a selection asks for in the end: its fragments opened, and what is skipped left out. */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLDirective,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { getDirectiveValues, GraphQLIncludeDirective, GraphQLSkipDirective, Kind } from 'graphql'

/** What a selection is to be read with. `GraphQLResolveInfo` is one. */
export interface Reading {
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  readonly variableValues: Readonly<Record<string, unknown>>
}

/** @returns the fields by their names in the answer, each with all the nodes that ask for it */
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

/** @returns what is selected below a field */
export function setsBelow(nodes: readonly FieldNode[]): readonly SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
}

function isIncluded(node: SelectionNode, { variableValues }: Reading): boolean {
  const says = (directive: GraphQLDirective, value: boolean): boolean => {
    try {
      return getDirectiveValues(directive, node, variableValues)?.['if'] === value
    } catch {
      // Such an `if` fails the operation when it runs.
      return false
    }
  }
  return !says(GraphQLSkipDirective, true) && !says(GraphQLIncludeDirective, false)
}
