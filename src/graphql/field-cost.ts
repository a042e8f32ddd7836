/** What a field costs in calls to Callbell, written down at the field for whoever admits operations. */
import type { Step } from '../contacts/connection.ts'

/**
 * As `extensions: { cost: … }` of a field. A field of the root without it costs one call, any other
 * none.
 */
export class FieldCost {
  /** How many calls the field itself is planned to make. */
  readonly calls: (step: Step) => number
  /** For how many things at most, what is selected below is asked for. */
  readonly items: (step: Step) => number

  constructor(calls: (step: Step) => number, items: (step: Step) => number = () => 1) {
    this.calls = calls
    this.items = items
  }
}
