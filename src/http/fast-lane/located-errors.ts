/** Errors of a compiled operation, which do not know their places in the document: found by their paths. */
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLSchema,
  GraphQLType,
  OperationDefinitionNode,
} from 'graphql'
import { getNullableType, GraphQLError, isListType, isNonNullType, isObjectType, Kind } from 'graphql'
import { ContactsFailure } from '../../contacts/failure.ts'
import { fieldsOf, setsBelow } from '../../graphql/selection.ts'

type Path = GraphQLError['path']

/**
 * @param operation without directives
 * @returns a function from what a compiled operation gave to the errors that interpreting it would have given
 */
export function createLocateErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (errors: readonly GraphQLError[], data: unknown) => readonly GraphQLError[] {
  const fragments: Record<string, FragmentDefinitionNode> = {}
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition
  }

  /** Where an error stands in the document, and whether it can't be null there. */
  function find(path: Path): { readonly nodes: readonly FieldNode[]; readonly isNonNull: boolean } {
    let sets: ReturnType<typeof setsBelow> = [operation.selectionSet]
    let nodes: readonly FieldNode[] = []
    let type: GraphQLType | undefined = schema.getRootType(operation.operation) ?? undefined
    for (const key of path ?? []) {
      const nullable: GraphQLType | undefined = type && getNullableType(type)
      if (typeof key === 'number') {
        type = isListType(nullable) ? nullable.ofType : undefined
        continue
      }
      nodes = fieldsOf(sets, { fragments, variableValues: {} }).get(key) ?? []
      sets = setsBelow(nodes)
      const [node] = nodes
      type = node && isObjectType(nullable) ? nullable.getFields()[node.name.value]?.type : undefined
    }
    return { nodes, isNonNull: isNonNullType(type) }
  }

  return (errors, data) => {
    const nulls = new Set<string>()
    return errors.flatMap(({ message, path, originalError }) => {
      const { nodes, isNonNull } = find(path)
      // Once what can't be null has made an object null, nothing else in it is completed.
      const place = nullAt(path, data)
      const isTooLate = place !== undefined && nulls.has(place)
      if (isTooLate && !(originalError instanceof ContactsFailure)) return []
      if (place !== undefined && isNonNull) nulls.add(place)
      return new GraphQLError(message, { nodes, path: path ?? null, ...(originalError && { originalError }) })
    })
  }
}

/** @returns the path of the null that an error has made of something around it; undefined if it has made none */
function nullAt(path: Path, data: unknown): string | undefined {
  let value = data
  for (const [depth, key] of (path ?? []).entries()) {
    if (typeof value !== 'object' || value === null) return JSON.stringify(path?.slice(0, depth))
    value = Reflect.get(value, key)
  }
  return undefined
}
