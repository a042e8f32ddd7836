/** Operations that have passed every check that depends on nothing but their document: limits, validation, cost. */
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { BREAK, Kind, visit } from 'graphql'
import type { Scope } from '../../caller.ts'
import type { GatewayPlugin } from '../../graphql/builder.ts'
import { mostCalls, scopeOf } from '../admission/admission.ts'
import { countCalls } from '../admission/operation-cost.ts'
import { createCacheByText } from '../documents/document-cache.ts'

export interface ReadyOperation {
  readonly document: DocumentNode
  readonly type: OperationDefinitionNode['operation']
  readonly name: string | undefined
  readonly scope: Scope
  /** To Callbell, planned. */
  readonly calls: number
}

export interface ReadyOperations {
  /**
   * @param name undefined or null: the only one of its document
   * @returns undefined where it is not known to be ready
   */
  find(text: string, name: string | null | undefined): ReadyOperation | undefined
  /** Remembers the documents that come to be executed. */
  readonly plugin: GatewayPlugin
}

export function createReadyOperations(): ReadyOperations {
  const documents = createCacheByText<readonly ReadyOperation[]>()
  return {
    find(text, name) {
      const operations = documents.get(text)
      if (operations === undefined) return undefined
      if (typeof name === 'string') return operations.find((operation) => operation.name === name)
      return operations.length === 1 ? operations[0] : undefined
    },
    plugin: {
      onExecute({ args: { schema, document, contextValue } }) {
        const { query } = contextValue.params
        if (query && !documents.has(query)) documents.set(query, operationsIn(schema, document))
      },
    },
  }
}

/** @returns none where an operation's cost depends on its variables, or is too high for any */
function operationsIn(schema: GraphQLSchema, document: DocumentNode): readonly ReadyOperation[] {
  if (!hasFixedCost(document)) return []
  const operations = document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return []
    const calls = countCalls(schema, document, definition, {})
    const { operation: type, name } = definition
    return [{ document, type, name: name?.value, scope: scopeOf(definition), calls }]
  })
  return operations.every(({ calls }) => calls <= mostCalls) ? operations : []
}

/** What an operation costs depends on what is skipped or included, and on how much of a list is asked for. */
function hasFixedCost(document: DocumentNode): boolean {
  let isFixed = true
  visit(document, {
    Directive() {
      isFixed = false
      return BREAK
    },
    Argument({ name, value }) {
      if (value.kind !== Kind.VARIABLE || !/^(?:first|after)$/.test(name.value)) return undefined
      isFixed = false
      return BREAK
    },
  })
  return isFixed
}
