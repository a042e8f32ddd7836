/** The names of operations as a metric label with few values. */
import { Kind, parse } from 'graphql'
import type { Operation } from './request-record.ts'

/**
 * Callers choose operation names freely, and each label value uses memory until the process ends.
 *
 * @param knownOperations the names that become label values of their own
 * @returns a function from an operation to its label: its name, `(anonymous)` or `(other)`
 */
export function createOperationLabel(
  knownOperations: Iterable<string>,
): (operation: Pick<Operation, 'name'> | undefined) => string {
  const names = new Set(knownOperations)
  return (operation) => {
    if (operation?.name === undefined) return '(anonymous)'
    return names.has(operation.name) ? operation.name : '(other)'
  }
}

/** @returns the names of the operations in documents */
export function operationNamesIn(documents: Iterable<string>): readonly string[] {
  return [...documents].flatMap((text) =>
    parse(text).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? (definition.name?.value ?? []) : [],
    ),
  )
}
