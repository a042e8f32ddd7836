/**
 * Runs a planned operation by the rules of the GraphQL specification, section 6: plain functions
 * over graphql-js's own schema, argument coercion and errors. Nothing is generated. Beyond what
 * graphql-js's `execute` does, it stops an answer that becomes too large.
 * `test/operations/execute-plan.test.ts` holds it to the results of graphql-js.
 */
import type {
  DocumentNode,
  ExecutionResult,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLAbstractType,
  GraphQLLeafType,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLResolveInfo,
  GraphQLSchema,
  OperationDefinitionNode,
  ResponsePath,
} from 'graphql'
import {
  getArgumentValues,
  GraphQLError,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  locatedError,
  OperationTypeNode,
  responsePathAsArray,
} from 'graphql'
import type { GatewayContext } from '../graphql/builder.ts'
import type { AnswerSize } from '../graphql/answer-size.ts'
import type { FieldPlan, SelectionPlan } from './plan.ts'

type Path = ResponsePath | undefined
type Results = Record<string, unknown>

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
}

/** The errors of one run, without those of places that an earlier error has made null already. */
export class FieldErrors {
  readonly list: GraphQLError[] = []
  private readonly nulled = new Set<Path>()

  add(error: GraphQLError, path: Path): void {
    for (let place = path; place !== undefined; place = place.prev) if (this.nulled.has(place)) return
    if (this.nulled.has(undefined)) return
    this.nulled.add(path)
    this.list.push(error)
  }
}

/** @param plan makes the plan of the root, and throws a GraphQLError where a directive can't be evaluated */
export function executePlan(run: Run, plan: () => SelectionPlan): ExecutionResult | Promise<ExecutionResult> {
  const { errors, operation } = run
  const resultOf = (data: Results | null): ExecutionResult =>
    errors.list.length === 0 ? { data } : { errors: errors.list, data }
  const failed = (error: unknown): ExecutionResult => {
    errors.add(locatedError(error, undefined), undefined)
    return resultOf(null)
  }
  try {
    const isSerial = operation.operation === OperationTypeNode.MUTATION
    const data = (isSerial ? executeSerially : executeFields)(run, plan(), undefined, undefined)
    return isPromise(data) ? data.then(resultOf, failed) : resultOf(data)
  } catch (error) {
    return failed(error)
  }
}

function executeFields(
  run: Run,
  plan: SelectionPlan,
  source: unknown,
  path: Path,
): Results | Promise<Results> {
  run.size.add(plan.keyBytes)
  const results = plan.emptyResults()
  const pending: Pending = { keys: [], values: [] }
  try {
    for (const field of plan.fields) {
      const result = executeField(run, field, source, path)
      results[field.key] = result
      if (!isPromise(result)) continue
      pending.keys.push(field.key)
      pending.values.push(result)
    }
  } catch (error) {
    if (pending.keys.length === 0) throw error
    return rejectAfter(pending, error)
  }
  return pending.keys.length === 0 ? results : fill(results, pending)
}

/** Fields whose values are not there yet. */
interface Pending {
  readonly keys: string[]
  readonly values: Promise<unknown>[]
}

async function fill(results: Results, { keys, values }: Pending): Promise<Results> {
  const settled = await Promise.all(values)
  for (const [index, key] of keys.entries()) results[key] = settled[index]
  return results
}

/** A field has failed its parent: the others are waited for, or until one of them fails as well. */
async function rejectAfter({ values }: Pending, error: unknown): Promise<never> {
  await Promise.all(values).catch(() => undefined)
  throw error
}

async function executeSerially(run: Run, plan: SelectionPlan, source: unknown, path: Path): Promise<Results> {
  run.size.add(plan.keyBytes)
  const results = plan.emptyResults()
  for (const field of plan.fields) results[field.key] = await executeField(run, field, source, path)
  return results
}

function executeField(run: Run, plan: FieldPlan, source: unknown, parentPath: Path): unknown {
  const path = { prev: parentPath, key: plan.key, typename: plan.parentType.name }
  try {
    // Once the answer is too large, nothing else is begun for it.
    if (run.size.excess) throw run.size.excess
    const result = resolve(run, plan, source, path)
    const completed = isPromise(result)
      ? result.then((value) => plan.complete(run, plan, path, value))
      : plan.complete(run, plan, path, result)
    if (!isPromise(completed)) return completed
    return completed.then(undefined, (error: unknown) => fail(run, plan, plan.field.type, path, error))
  } catch (error) {
    return fail(run, plan, plan.field.type, path, error)
  }
}

function resolve(run: Run, plan: FieldPlan, source: unknown, path: ResponsePath): unknown {
  const { field, nodes } = plan
  const { context } = run
  if (field.resolve) {
    const args = getArgumentValues(field, nodes[0], run.variableValues)
    return field.resolve(source, args, context, new ResolveInfo(run, plan, path))
  }
  if (!isObject(source)) return undefined
  return source[field.name]
}

/** What resolvers are given besides their arguments, in the form that graphql-js has for it. */
class ResolveInfo implements GraphQLResolveInfo {
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

/** Makes of what a resolver gave what the answer holds. */
export type Complete = (run: Run, plan: FieldPlan, path: ResponsePath, value: unknown) => unknown

const known = new WeakMap<GraphQLOutputType, Complete>()

/** @returns the function that completes values of a type, made once for each type */
export function completerOf(type: GraphQLOutputType): Complete {
  const there = known.get(type)
  if (there) return there
  const made = makeCompleter(type)
  known.set(type, made)
  return made
}

function makeCompleter(type: GraphQLOutputType): Complete {
  if (isNonNullType(type)) return notNull(completerOf(type.ofType))
  const complete = makeNullableCompleter(type)
  return (run, plan, path, value) => {
    if (value instanceof Error) throw value
    return value === null || value === undefined ? null : complete(run, plan, path, value)
  }
}

function makeNullableCompleter(type: GraphQLOutputType): Complete {
  if (isListType(type)) return listOf(type.ofType)
  if (isLeafType(type)) return leafOf(type)
  if (isAbstractType(type)) {
    return (run, plan, path, value) => completeAbstract(run, plan, path, value, type)
  }
  if (isObjectType(type)) {
    return (run, plan, path, value) => executeFields(run, plan.below(type), value, path)
  }
  throw new Error(`${String(type)} is not a type of values`)
}

function notNull(complete: Complete): Complete {
  return (run, plan, path, value) => {
    const completed = complete(run, plan, path, value)
    if (completed !== null) return completed
    throw new Error(`Cannot return null for non-nullable field ${plan.parentType.name}.${plan.field.name}.`)
  }
}

function leafOf(type: GraphQLLeafType): Complete {
  return (run, _plan, _path, value) => {
    const serialized: unknown = type.serialize(value)
    if (serialized === null || serialized === undefined) {
      throw new Error(`The type ${type.name} has no form for a value that a resolver gave`)
    }
    if (typeof serialized === 'string') run.size.add(Buffer.byteLength(serialized))
    return serialized
  }
}

function listOf(itemType: GraphQLOutputType): Complete {
  const complete = completerOf(itemType)

  function completeItem(run: Run, plan: FieldPlan, path: ResponsePath, item: unknown): unknown {
    try {
      const completed = isPromise(item)
        ? item.then((value) => complete(run, plan, path, value))
        : complete(run, plan, path, item)
      if (!isPromise(completed)) return completed
      return completed.then(undefined, (error: unknown) => fail(run, plan, itemType, path, error))
    } catch (error) {
      return fail(run, plan, itemType, path, error)
    }
  }

  return (run, plan, path, value) => {
    if (!isIterable(value)) {
      throw new GraphQLError(
        `Expected Iterable, but did not find one for field "${plan.parentType.name}.${plan.field.name}".`,
      )
    }
    const items = Array.from(value, (item, index) =>
      completeItem(run, plan, { prev: path, key: index, typename: undefined }, item),
    )
    return items.some(isPromise) ? Promise.all(items) : items
  }
}

function completeAbstract(
  run: Run,
  plan: FieldPlan,
  path: ResponsePath,
  value: unknown,
  type: GraphQLAbstractType,
): unknown {
  const name = type.resolveType?.(value, run.context, new ResolveInfo(run, plan, path), type)
  const runtimeType = typeof name === 'string' ? run.schema.getType(name) : undefined
  if (!isObjectType(runtimeType) || !run.schema.isSubType(type, runtimeType)) {
    throw new Error(`${type.name} was resolved to a type that is none of its own`)
  }
  return executeFields(run, plan.below(runtimeType), value, path)
}

/**
 * What a field that failed is in the answer: null, unless it must not be, and then its parent fails.
 * Of an answer that is too large, the whole field of the root fails: what is left of it says nothing.
 */
function fail(run: Run, plan: FieldPlan, type: GraphQLOutputType, path: ResponsePath, cause: unknown): null {
  const error = locatedError(cause, plan.nodes, responsePathAsArray(path))
  const isBelowRoot = path.prev !== undefined
  if (isNonNullType(type) || (run.size.excess && isBelowRoot)) throw error
  run.errors.add(error, path)
  return null
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return isObject(value) && Symbol.iterator in value
}
