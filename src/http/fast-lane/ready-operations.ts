/** Operations that have passed every check that depends on nothing but their document: limits, validation, cost. */
import type { DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { BREAK, execute, Kind, visit } from 'graphql'
import type { Scope } from '../../caller.ts'
import type { GatewayContext, GatewayPlugin } from '../../graphql/builder.ts'
import type { Logger } from '../../telemetry/log.ts'
import { mostCalls, scopeOf } from '../admission/admission.ts'
import { countCalls } from '../admission/operation-cost.ts'
import { createLocateErrors } from './located-errors.ts'
import { createCacheByText } from '../documents/document-cache.ts'

export interface ReadyOperation {
  readonly type: OperationDefinitionNode['operation']
  readonly name: string | undefined
  readonly scope: Scope
  /** To Callbell, planned. */
  readonly calls: number
  /** @param variables as they were sent; where they do not fit, nothing runs and there is no `data` */
  readonly run: Run
}

export type Run = (
  context: GatewayContext,
  variables: Readonly<Record<string, unknown>> | undefined,
) => ExecutionResult | Promise<ExecutionResult>

export interface ReadyOperations {
  /**
   * @param name undefined: the only one of its document
   * @returns undefined where it is not known to be ready
   */
  find(text: string, name: string | undefined): ReadyOperation | undefined
  /** Remembers the documents that come to be executed. */
  readonly plugin: GatewayPlugin
}

/**
 * An operation is compiled once it has run so often. Compiling takes as long as a hundred runs save,
 * so that strangers who send ever new documents can't make the gateway do much more than it did for
 * them anyway.
 */
const runsUntilCompiled = 100

/**
 * @param log told of what can't be compiled, which goes on as it was
 * @param compileAfter runs; 0: at once
 */
export function createReadyOperations(log: Logger, compileAfter = runsUntilCompiled): ReadyOperations {
  const documents = createCacheByText<readonly ReadyOperation[]>()
  return {
    find(text, name) {
      const operations = documents.get(text)
      if (operations === undefined) return undefined
      if (name !== undefined) return operations.find((operation) => operation.name === name)
      return operations.length === 1 ? operations[0] : undefined
    },
    plugin: {
      onExecute({ args: { schema, document, contextValue } }) {
        const { query } = contextValue.params
        if (query && !documents.has(query))
          documents.set(query, operationsIn(schema, document, { log, compileAfter }))
      },
    },
  }
}

interface Compiling {
  readonly log: Logger
  readonly compileAfter: number
}

/** @returns none where an operation's cost depends on its variables, or is too high for any */
function operationsIn(
  schema: GraphQLSchema,
  document: DocumentNode,
  compiling: Compiling,
): readonly ReadyOperation[] {
  if (!hasFixedCost(document)) return []
  const operations = document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return []
    const calls = countCalls(schema, document, definition, {})
    const name = definition.name?.value
    const run = createRun(schema, document, definition, compiling)
    return [{ type: definition.operation, name, scope: scopeOf(definition), calls, run }]
  })
  return operations.every(({ calls }) => calls <= mostCalls) ? operations : []
}

/** Interprets the operation, and compiles it when it has been worth it. */
function createRun(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { log, compileAfter }: Compiling,
): Run {
  const name = operation.name?.value
  let runs = 0
  const interpret: Run = (contextValue, variableValues) =>
    execute({ schema, document, operationName: name, contextValue, variableValues })
  let run = interpret

  /** Loaded by whoever needs it first: most processes start without. */
  async function compile(): Promise<void> {
    const { compileQuery, isCompiledQuery } = await import('graphql-jit')
    const compiled = compileQuery(schema, document, name)
    if (!isCompiledQuery(compiled)) throw new Error(compiled.errors?.map(({ message }) => message).join('; '))
    const locateErrors = createLocateErrors(schema, document, operation)
    run = async (context, variables) => {
      const { data, errors } = await compiled.query(undefined, context, variables)
      // Variables that do not fit: nothing has run.
      if (data === undefined) return {}
      return errors === undefined ? { data } : { errors: locateErrors(errors, data), data }
    }
  }

  function tell(error: unknown): void {
    log.warn({ operation: name, err: error }, 'an operation can’t be compiled, and goes on as it was')
  }

  return (context, variables) => {
    if (runs <= compileAfter) {
      if (runs === compileAfter) compile().catch(tell)
      runs += 1
    }
    return run(context, variables)
  }
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
