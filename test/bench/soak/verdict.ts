/** What callers were told against what the upstream holds. Pure. */

/**
 * The last that a caller was told of a create.
 *
 * - `GAVE_UP`: its time was over before it was told anything final; judged as `UNKNOWN`
 */
export type Told = 'CREATED' | 'APPLIED' | 'NOT_APPLIED' | 'UNKNOWN' | 'GAVE_UP'

export interface Outcome {
  readonly told: Told
  /** With `CREATED`. */
  readonly uuid?: string
}

export interface Verdict {
  readonly totals: Readonly<Record<Told, number>>
  /** Of those who do not know: how many contacts there are. */
  readonly unknownButMade: number
  /** Told to be made, and not there. */
  readonly lost: readonly number[]
  /** There more than once. */
  readonly doubled: readonly number[]
  /** There, under another uuid than was told. */
  readonly mistaken: readonly number[]
  /** Told not to be made, and there. */
  readonly denied: readonly number[]
  /** Whether there is none of these. */
  readonly isKept: boolean
}

/**
 * @param outcomes of each create, by its number
 * @param made all contacts: the number of their create, and their uuid
 */
export function judge(
  outcomes: readonly Outcome[],
  made: readonly (readonly [number: number, uuid: string])[],
): Verdict {
  const uuids = new Map<number, string>()
  const doubled = new Set<number>()
  for (const [number, uuid] of made) {
    if (uuids.has(number)) doubled.add(number)
    uuids.set(number, uuid)
  }
  const totals = { CREATED: 0, APPLIED: 0, NOT_APPLIED: 0, UNKNOWN: 0, GAVE_UP: 0 }
  const lost: number[] = []
  const mistaken: number[] = []
  const denied: number[] = []
  let unknownButMade = 0
  for (const [number, { told, uuid }] of outcomes.entries()) {
    totals[told] += 1
    const there = uuids.get(number)
    if (told === 'CREATED' || told === 'APPLIED') {
      if (there === undefined) lost.push(number)
      else if (told === 'CREATED' && there !== uuid && !doubled.has(number)) mistaken.push(number)
    } else if (there !== undefined) {
      if (told === 'NOT_APPLIED') denied.push(number)
      else unknownButMade += 1
    }
  }
  return {
    totals,
    unknownButMade,
    lost,
    doubled: [...doubled],
    mistaken,
    denied,
    isKept: lost.length + doubled.size + mistaken.length + denied.length === 0,
  }
}
