/** What a field's resolver receives besides its arguments, and what becomes of a field that fails. */
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLResolveInfo,
  GraphQLSchema,
  OperationDefinitionNode,
  ResponsePath,
} from 'graphql'
import { isNonNullType, locatedError, responsePathAsArray } from 'graphql'
import type { FieldPlan } from './plan.ts'
import type { Run } from './run.ts'

/**
 * A field that failed is null in the response. A non-null field fails its parent instead. If the response is
 * too large, the whole field of the root fails, because the rest of it is useless.
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

/** What resolvers receive besides their arguments, as graphql-js defines it. */
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
