/** The names of operations, as metrics may count them. */
import { Kind, parse } from 'graphql'
import type { Operation } from './request-record.ts'

/**
 * Callers name operations as they like, and each name that is counted takes memory for good.
 *
 * @param known names that the operator chose
 */
export function createOperationLabel(
  known: Iterable<string>,
): (operation: Pick<Operation, 'name'> | undefined) => string {
  const names = new Set(known)
  return (operation) => {
    if (operation?.name === undefined) return '(anonymous)'
    return names.has(operation.name) ? operation.name : '(other)'
  }
}

/** @returns the names in documents */
export function operationNamesIn(documents: Iterable<string>): readonly string[] {
  return [...documents].flatMap((text) =>
    parse(text).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? (definition.name?.value ?? []) : [],
    ),
  )
}
