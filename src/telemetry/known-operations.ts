/** The operations that metrics count by name. */
import { Kind, parse } from 'graphql'

/** @returns the names in documents that the operator chose */
export function operationNamesIn(documents: Iterable<string>): readonly string[] {
  return [...documents].flatMap((text) =>
    parse(text).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? (definition.name?.value ?? []) : [],
    ),
  )
}
