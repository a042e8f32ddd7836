/** What a field costs in calls to Callbell: declared at the field, counted before an operation runs. */

/** Calls to Callbell that one operation may plan, and reads that it may make: a sixth of the account's limit a second. */
export const maxCalls = 50

/** Coerced arguments of a field. */
export type FieldArguments = Readonly<Record<string, unknown>>

export interface Cost {
  /** Calls that the field itself makes. A field with a list argument may make one for each item. */
  readonly calls: number
  /** The most values that the fields selected below it are resolved on. Default: 1 */
  readonly multiplier?: number
}

/** @returns whether one of these fields of a type is selected anywhere below the field */
export type Selects = (typeName: string, fieldNames: ReadonlySet<string>) => boolean

/**
 * Declared as `extensions: { cost: … }` of a field. Without it, a field of the root costs one call, and any
 * other field none.
 *
 * @param args coerced; empty where they do not fit, because such a field fails before it makes a call
 */
export type FieldCost = (args: FieldArguments, selects: Selects) => Cost

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    cost?: FieldCost
  }
}
