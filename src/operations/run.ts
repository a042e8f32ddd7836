/** One run of an operation, with its open fields and its errors. */
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
import type { VariableValues } from './plan.ts'

export type Path = ResponsePath | undefined

/** Completing a leaf needs no path. */
export const noPath: ResponsePath = { prev: undefined, key: '', typename: undefined }

/** One execution of an operation. */
export interface Run {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** Coerced. */
  readonly variableValues: VariableValues
  readonly context: GatewayContext
  readonly size: AnswerSize
  readonly errors: FieldErrors
  readonly open: OpenFields
}

/**
 * Counts the fields that are not complete. A field that fails its parent completes the response while others
 * run. Their cost and their memory are known only when they have ended.
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

  /** @returns a promise that resolves when no field is open; undefined if none is. An ended field starts no other */
  none(): Promise<void> | undefined {
    if (this.count === 0) return undefined
    return new Promise((resolve) => {
      this.whenNone = resolve
    })
  }
}

/** The errors of one run, without those below a value that an earlier error has set to null. */
export class FieldErrors {
  /** Undefined without an error, as in most runs. */
  list: GraphQLError[] | undefined
  private nulled: Set<Path> | undefined

  add(error: GraphQLError, path: Path): void {
    const nulled = (this.nulled ??= new Set())
    for (let ancestor = path; ancestor !== undefined; ancestor = ancestor.prev) {
      if (nulled.has(ancestor)) return
    }
    if (nulled.has(undefined)) return
    nulled.add(path)
    this.list ??= []
    this.list.push(error)
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value instanceof Promise
}

/** Whether a property can be read from it. Lists are included. */
export function isObjectLike(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
