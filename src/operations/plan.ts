/** The plan of an operation: its fields by the types that they are selected on. It holds for all runs. */
import type { GraphQLField, GraphQLObjectType, ResponsePath } from 'graphql'
import type { FieldArguments } from '../graphql/field-cost.ts'
import type { FieldNodes } from '../graphql/selection.ts'
import type { Run } from './run.ts'

/** Values of variables by name. */
export type VariableValues = Readonly<Record<string, unknown>>

/** The fields that are selected on one object type. */
export interface SelectionPlan {
  readonly fields: readonly FieldPlan[]
  /** Bytes that the names of the fields take in each object of the response, with their punctuation. */
  readonly keyBytes: number
  /** @returns an object to be filled with the fields */
  emptyResults(): Record<string, unknown>
}

/** One field of a response. */
export interface FieldPlan {
  /** Its name in the response. */
  readonly key: string
  readonly nodes: FieldNodes
  readonly parentType: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
  readonly complete: Complete
  /** Whether it is a leaf that is read from its object, without a resolver. */
  readonly isProperty: boolean
  /**
   * @param variableValues coerced
   * @throws GraphQLError where an argument does not fit
   */
  readonly readArguments: (variableValues: VariableValues) => FieldArguments
  /**
   * What is selected below it, on a value of this type. Collected when it is first needed.
   *
   * @throws GraphQLError where a directive can't be evaluated, each time
   */
  below(type: GraphQLObjectType): SelectionPlan
}

/** Makes the value of the response from a resolver's result. */
export type Complete = (run: Run, plan: FieldPlan, path: ResponsePath, value: unknown) => unknown
