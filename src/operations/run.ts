/** One run of an operation: what it is made from, what its resolvers are given, and the errors of its fields. */
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLError,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLResolveInfo,
  GraphQLSchema,
  OperationDefinitionNode,
  ResponsePath,
} from 'graphql'
import { isNonNullType, locatedError, responsePathAsArray } from 'graphql'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { GatewayContext } from '../graphql/builder.ts'
import type { FieldPlan } from './plan.ts'

export type Path = ResponsePath | undefined

/** For what completes a leaf, which has no use for its path. */
export const noPath: ResponsePath = { prev: undefined, key: '', typename: undefined }

/** One execution of an operation. */
export interface Run {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** Coerced. */
  readonly variableValues: Readonly<Record<string, unknown>>
  readonly context: GatewayContext
  readonly size: AnswerSize
  readonly errors: FieldErrors
  readonly open: OpenFields
}

/**
 * Counts the fields that are not complete. One that fails its parent ends the answer, and leaves others
 * running: what they cost, and the memory that they take, is known when they have ended.
 */
export class OpenFields {
  private count = 0
  private whenNone: (() => void) | undefined

  begin(): void {
    this.count += 1
  }

  end(): void {
    this.count -= 1
    if (this.count === 0) this.whenNone?.()
  }

  /** @returns undefined where none is open. What is open begins no field after it has ended */
  none(): Promise<void> | undefined {
    if (this.count === 0) return undefined
    return new Promise((resolve) => {
      this.whenNone = resolve
    })
  }
}

/** The errors of one run, without those of places that an earlier error has made null already. */
export class FieldErrors {
  /** Undefined where there is none, as in most runs. */
  list: GraphQLError[] | undefined
  private nulled: Set<Path> | undefined

  add(error: GraphQLError, path: Path): void {
    const nulled = (this.nulled ??= new Set())
    for (let place = path; place !== undefined; place = place.prev) if (nulled.has(place)) return
    if (nulled.has(undefined)) return
    nulled.add(path)
    this.list ??= []
    this.list.push(error)
  }
}

/**
 * What a field that failed is in the answer: null, unless it must not be, and then its parent fails.
 * Of an answer that is too large, the whole field of the root fails: what is left of it says nothing.
 */
export function fail(
  run: Run,
  plan: FieldPlan,
  type: GraphQLOutputType,
  path: ResponsePath,
  cause: unknown,
): null {
  const error = locatedError(cause, plan.nodes, responsePathAsArray(path))
  const isBelowRoot = path.prev !== undefined
  if (isNonNullType(type) || (run.size.excess && isBelowRoot)) throw error
  run.errors.add(error, path)
  return null
}

/** What resolvers are given besides their arguments, in the form that graphql-js has for it. */
export class ResolveInfo implements GraphQLResolveInfo {
  readonly path: ResponsePath
  readonly rootValue = undefined
  private readonly run: Run
  private readonly plan: FieldPlan

  constructor(run: Run, plan: FieldPlan, path: ResponsePath) {
    this.run = run
    this.plan = plan
    this.path = path
  }

  get fieldName(): string {
    return this.plan.field.name
  }
  get fieldNodes(): readonly FieldNode[] {
    return this.plan.nodes
  }
  get returnType(): GraphQLOutputType {
    return this.plan.field.type
  }
  get parentType(): GraphQLObjectType {
    return this.plan.parentType
  }
  get schema(): GraphQLSchema {
    return this.run.schema
  }
  get fragments(): Record<string, FragmentDefinitionNode> {
    return this.run.fragments
  }
  get operation(): OperationDefinitionNode {
    return this.run.operation
  }
  get variableValues(): Record<string, unknown> {
    return this.run.variableValues
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value instanceof Promise
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
