/**
 * Runs a planned operation by section 6 of the GraphQL specification: plain functions over the schema, the
 * argument coercion and the errors of graphql-js. No code is generated. Unlike `execute` of graphql-js, it
 * stops a response that becomes too large. `test/unit/operations/execute-plan.test.ts` compares the results.
 */
import type { ExecutionResult, ResponsePath } from 'graphql'
import { locatedError, OperationTypeNode } from 'graphql'
import { bytesOf } from '../graphql/answer-size.ts'
import type { FieldPlan, SelectionPlan } from './plan.ts'
import type { Path, Run } from './run.ts'
import { fail, ResolveInfo } from './resolve-info.ts'
import { isObjectLike, isPromise, noPath } from './run.ts'

type Results = Record<string, unknown>

/**
 * @param plan returns the plan of the root, and throws a GraphQLError where a directive can't be evaluated
 * @returns a result whose errors are not described yet. It neither throws nor rejects
 */
export function executePlan(run: Run, plan: () => SelectionPlan): ExecutionResult | Promise<ExecutionResult> {
  const { errors, operation } = run
  const resultOf = (data: Results | null): ExecutionResult =>
    errors.list === undefined ? { data } : { errors: errors.list, data }
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

export function executeFields(
  run: Run,
  plan: SelectionPlan,
  source: unknown,
  path: Path,
): Results | Promise<Results> {
  const results = plan.emptyResults()
  let bytes = plan.keyBytes
  let pending: Pending | undefined
  try {
    for (const field of plan.fields) {
      const result = executeField(run, field, source, path)
      results[field.key] = result
      if (typeof result === 'string') bytes += bytesOf(result)
      if (!isPromise(result)) continue
      pending ??= { keys: [], values: [] }
      pending.keys.push(field.key)
      pending.values.push(result)
    }
    run.size.add(bytes)
  } catch (error) {
    if (pending === undefined) throw error
    return rejectAfter(pending, error)
  }
  return pending === undefined ? results : fill(run, results, pending)
}

/** Fields whose values are still pending. */
interface Pending {
  readonly keys: string[]
  readonly values: Promise<unknown>[]
}

async function fill(run: Run, results: Results, { keys, values }: Pending): Promise<Results> {
  const settled = await Promise.all(values)
  for (const [index, key] of keys.entries()) {
    const value = settled[index]
    if (typeof value === 'string') run.size.add(bytesOf(value))
    results[key] = value
  }
  return results
}

/** A field has failed its parent. This waits for the other fields, or until one of them fails as well. */
async function rejectAfter({ values }: Pending, error: unknown): Promise<never> {
  await Promise.all(values).catch(() => undefined)
  throw error
}

function executeSerially(
  run: Run,
  plan: SelectionPlan,
  source: unknown,
  path: Path,
): Results | Promise<Results> {
  const { fields } = plan
  run.size.add(plan.keyBytes)
  const results = plan.emptyResults()
  function executeFrom(start: number): Results | Promise<Results> {
    for (const [offset, field] of fields.slice(start).entries()) {
      const result = executeField(run, field, source, path)
      results[field.key] = result
      if (!isPromise(result)) continue
      return result.then((value) => {
        results[field.key] = value
        return executeFrom(start + offset + 1)
      })
    }
    return results
  }
  return executeFrom(0)
}

function executeField(run: Run, plan: FieldPlan, source: unknown, parentPath: Path): unknown {
  return plan.isProperty
    ? executeProperty(run, plan, source, parentPath)
    : executeAnyField(run, plan, source, parentPath)
}

/** The usual field: a property of its object. It needs a path only if it fails. */
function executeProperty(run: Run, plan: FieldPlan, source: unknown, parentPath: Path): unknown {
  try {
    const value = isObjectLike(source) ? source[plan.field.name] : undefined
    if (isPromise(value)) return executeAnyField(run, plan, source, parentPath)
    return plan.complete(run, plan, noPath, value)
  } catch (error) {
    return fail(run, plan, plan.field.type, pathOf(plan, parentPath), error)
  }
}

function pathOf({ key, parentType }: FieldPlan, prev: Path): ResponsePath {
  return { prev, key, typename: parentType.name }
}

function executeAnyField(run: Run, plan: FieldPlan, source: unknown, parentPath: Path): unknown {
  const path = pathOf(plan, parentPath)
  try {
    // Once the response is too large, no further field starts.
    if (run.size.excess) throw run.size.excess
    const result = resolve(run, plan, source, path)
    const completed = isPromise(result)
      ? result.then((value) => plan.complete(run, plan, path, value))
      : plan.complete(run, plan, path, result)
    if (!isPromise(completed)) return completed
    run.open.begin()
    return completed.then(
      (value) => {
        run.open.end()
        return value
      },
      (error: unknown) => {
        run.open.end()
        return fail(run, plan, plan.field.type, path, error)
      },
    )
  } catch (error) {
    return fail(run, plan, plan.field.type, path, error)
  }
}

function resolve(run: Run, plan: FieldPlan, source: unknown, path: ResponsePath): unknown {
  const { field } = plan
  if (field.resolve) {
    const args = plan.readArguments(run.variableValues)
    return field.resolve(source, args, run.context, new ResolveInfo(run, plan, path))
  }
  if (!isObjectLike(source)) return undefined
  return source[field.name]
}
