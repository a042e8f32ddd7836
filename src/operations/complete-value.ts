/** Completes the values of resolvers for the response, by functions that are created once for each type. */
import type { GraphQLAbstractType, GraphQLLeafType, GraphQLOutputType, ResponsePath } from 'graphql'
import {
  getNullableType,
  GraphQLError,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { bytesOf } from '../graphql/answer-size.ts'
import { executeFields } from './execute-plan.ts'
import type { Complete, FieldPlan } from './plan.ts'
import type { Run } from './run.ts'
import { fail, ResolveInfo } from './resolve-info.ts'
import { isObjectLike, isPromise, noPath } from './run.ts'

const completerByType = new WeakMap<GraphQLOutputType, Complete>()

/** @returns the function that completes values of a type */
export function completerOf(type: GraphQLOutputType): Complete {
  const cached = completerByType.get(type)
  if (cached) return cached
  const completer = makeCompleter(type)
  completerByType.set(type, completer)
  return completer
}

function makeCompleter(type: GraphQLOutputType): Complete {
  if (isNonNullType(type)) return notNull(completerOf(type.ofType))
  const complete = makeNullableCompleter(type)
  return (run, plan, path, value) => {
    if (value === null || value === undefined) return null
    if (typeof value === 'object' && value instanceof Error) throw value
    return complete(run, plan, path, value)
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
  return (_run, _plan, _path, value) => {
    const serialized: unknown = type.serialize(value)
    if (serialized !== null && serialized !== undefined) return serialized
    throw new Error(`The type ${type.name} cannot serialize a value of a resolver`)
  }
}

function listOf(itemType: GraphQLOutputType): Complete {
  const complete = completerOf(itemType)
  const isOfLeaves = isLeafType(getNullableType(itemType))

  function completeLeaf(run: Run, plan: FieldPlan, prev: ResponsePath, key: number, item: unknown): unknown {
    try {
      return complete(run, plan, noPath, item)
    } catch (error) {
      return fail(run, plan, itemType, { prev, key, typename: undefined }, error)
    }
  }

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
    const items: unknown[] = []
    let hasPromise = false
    for (const item of value) {
      if (isOfLeaves) {
        const leaf = completeLeaf(run, plan, path, items.length, item)
        if (typeof leaf === 'string') run.size.add(bytesOf(leaf))
        items.push(leaf)
        continue
      }
      const completed = completeItem(run, plan, { prev: path, key: items.length, typename: undefined }, item)
      hasPromise ||= isPromise(completed)
      items.push(completed)
    }
    return hasPromise ? Promise.all(items) : items
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
    throw new Error(`${type.name} was resolved to a type that is not one of its possible types`)
  }
  return executeFields(run, plan.below(runtimeType), value, path)
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return Array.isArray(value) || (isObjectLike(value) && Symbol.iterator in value)
}
