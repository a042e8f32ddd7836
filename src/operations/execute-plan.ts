/**
 * Runs a planned operation by the rules of the GraphQL specification, section 6: plain functions
 * over graphql-js's own schema, argument coercion and errors. Nothing is generated. Beyond what
 * graphql-js's `execute` does, it stops an answer that becomes too large.
 * `test/unit/operations/execute-plan.test.ts` holds it to the results of graphql-js.
 */
import type { ExecutionResult, ResponsePath } from 'graphql'
import { locatedError, OperationTypeNode } from 'graphql'
import { bytesOf } from '../graphql/answer-size.ts'
import type { FieldPlan, SelectionPlan } from './plan.ts'
import type { Path, Run } from './run.ts'
import { fail, ResolveInfo } from './resolve-info.ts'
import { isObject, isPromise, noPath } from './run.ts'

type Results = Record<string, unknown>

/** @param plan makes the plan of the root, and throws a GraphQLError where a directive can't be evaluated */
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

/** Fields whose values are not there yet. */
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

/** A field has failed its parent: the others are waited for, or until one of them fails as well. */
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

/** Most fields: a value that is there. They need no path unless they fail. */
function executeProperty(run: Run, plan: FieldPlan, source: unknown, parentPath: Path): unknown {
  try {
    const value = isObject(source) ? source[plan.field.name] : undefined
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
    // Once the answer is too large, nothing else is begun for it.
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
  if (!isObject(source)) return undefined
  return source[field.name]
}
