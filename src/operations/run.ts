/** One run of an operation: what it is made from, and the errors of its fields. */
import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLError,
  GraphQLSchema,
  OperationDefinitionNode,
  ResponsePath,
} from 'graphql'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { GatewayContext } from '../graphql/builder.ts'

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

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value instanceof Promise
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
