/** What a field costs in calls to Callbell, declared at the field for what admits operations. */

/** Coerced arguments of a field. */
export type Arguments = Readonly<Record<string, unknown>>

export interface Cost {
  /** Calls that the field itself is planned to make. */
  readonly calls: number
  /** Values, at most, that what is selected below is resolved on. Default: 1 */
  readonly multiplier?: number
}

/**
 * As `extensions: { cost: … }` of a field. A field of the root without it costs one call, any other
 * none.
 */
export class FieldCost {
  /** @param args coerced; empty where they do not fit, as such a field fails before it makes a call */
  readonly of: (args: Arguments) => Cost

  constructor(of: (args: Arguments) => Cost) {
    this.of = of
  }
}
