/** How many calls to Callbell an operation plans to make, unless something goes wrong. */
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql'
import { getArgumentValues, getNamedType, isInterfaceType, isObjectType, Kind } from 'graphql'
import type { Step } from '../../contacts/connection.ts'
import { FieldCost } from '../../graphql/field-cost.ts'
import { fieldsOf, setsBelow } from '../../graphql/selection.ts'

const costOfRootField = new FieldCost(() => 1)
const costOfOtherField = new FieldCost(() => 0)

/** @param variableValues coerced */
export function countCalls(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variableValues: Readonly<Record<string, unknown>>,
): number {
  const fragments: Record<string, FragmentDefinitionNode> = {}
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition
  }

  function count(type: GraphQLNamedType, sets: readonly SelectionSetNode[], usual: FieldCost): number {
    // What has no fields has no calls below it; `__typename` and `__schema` are no fields of a type.
    const known = isObjectType(type) || isInterfaceType(type) ? type.getFields() : {}
    let calls = 0
    for (const nodes of fieldsOf(sets, { fragments, variableValues }).values()) {
      const [node] = nodes
      const field = node && known[node.name.value]
      if (!field) continue
      const step = stepOf(field, node)
      const { cost } = field.extensions
      const { calls: own, items } = cost instanceof FieldCost ? cost : usual
      calls += own(step) + items(step) * count(getNamedType(field.type), setsBelow(nodes), costOfOtherField)
    }
    return calls
  }

  function stepOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Step {
    try {
      const { first, after } = getArgumentValues(field, node, variableValues)
      return {
        first: typeof first === 'number' ? first : undefined,
        after: typeof after === 'string' ? after : undefined,
      }
    } catch {
      // Where the arguments do not fit, it fails before it makes a call.
      return {}
    }
  }

  const root = schema.getRootType(operation.operation)
  return root ? count(root, [operation.selectionSet], costOfRootField) : 0
}
