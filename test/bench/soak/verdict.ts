/** What callers were answered, against what the upstream holds. Pure. */

/**
 * The last answer to a create that was not to be repeated.
 *
 * - `GAVE_UP`: the caller's time was over before there was one
 */
export type Reported = 'CREATED' | 'APPLIED' | 'NOT_APPLIED' | 'UNKNOWN' | 'GAVE_UP'

export interface Outcome {
  readonly reported: Reported
  /** With `CREATED`. */
  readonly uuid?: string
  /** Whether it had an idempotency key. */
  readonly isKeyed: boolean
  /**
   * Whether Redis lost the record of its key after an ambiguous answer, and before a final one. To the
   * gateways it is a new key then, and a repeat may create a second contact: the documented limit.
   */
  readonly isForgotten?: boolean
}

/** Lists hold the numbers of creates. */
export interface Verdict {
  readonly totals: Readonly<Record<Reported, number>>
  /** Without a key, and `UNKNOWN`: how many there are at the upstream. */
  readonly unknownButMade: number
  /** With a key, and still not known at the end, whether they are there or not. */
  readonly unsettled: readonly number[]
  /** Reported to be created, and not there. */
  readonly lost: readonly number[]
  /** There more than once. */
  readonly doubled: readonly number[]
  /** The same, of creates whose key Redis lost. */
  readonly doubledByLoss: readonly number[]
  /** Reported to be created with a uuid that no contact has. */
  readonly wrongUuid: readonly number[]
  /** Reported to be created with the contact of another create. */
  readonly anothers: readonly number[]
  /** Reported not to be created, and there. */
  readonly denied: readonly number[]
  /** Whether there is none lost, doubled (but by a loss of Redis), wrong, another's or denied. */
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
  const counts = new Map<number, number>()
  const numberOf = new Map<string, number>()
  for (const [number, uuid] of made) {
    counts.set(number, (counts.get(number) ?? 0) + 1)
    numberOf.set(uuid, number)
  }
  const totals = { CREATED: 0, APPLIED: 0, NOT_APPLIED: 0, UNKNOWN: 0, GAVE_UP: 0 }
  for (const { reported } of outcomes) totals[reported] += 1

  const countOf = (number: number): number => counts.get(number) ?? 0
  const isUnknown = ({ reported }: Outcome): boolean => reported === 'UNKNOWN' || reported === 'GAVE_UP'
  const isDone = ({ reported }: Outcome): boolean => reported === 'CREATED' || reported === 'APPLIED'
  /** Whose contact was reported; undefined: nobody's. */
  const ownerOf = ({ uuid = '' }: Outcome): number | undefined => numberOf.get(uuid)
  const numbers = (isSo: (outcome: Outcome, number: number) => boolean): readonly number[] =>
    outcomes.flatMap((outcome, number) => (isSo(outcome, number) ? [number] : []))

  const unsettled = numbers((outcome) => outcome.isKeyed && isUnknown(outcome))
  const lost = numbers((outcome, number) => isDone(outcome) && countOf(number) === 0)
  const isDoubled = numbers((_outcome, number) => countOf(number) > 1)
  const doubled = isDoubled.filter((number) => outcomes[number]?.isForgotten !== true)
  const wrongUuid = numbers(
    (outcome, number) =>
      outcome.reported === 'CREATED' && ownerOf(outcome) === undefined && countOf(number) > 0,
  )
  const anothers = numbers(
    (outcome, number) =>
      outcome.reported === 'CREATED' && ownerOf(outcome) !== undefined && ownerOf(outcome) !== number,
  )
  const denied = numbers(({ reported }, number) => reported === 'NOT_APPLIED' && countOf(number) > 0)
  return {
    totals,
    unknownButMade: numbers(
      (outcome, number) => !outcome.isKeyed && isUnknown(outcome) && countOf(number) > 0,
    ).length,
    unsettled,
    lost,
    doubled,
    doubledByLoss: isDoubled.filter((number) => outcomes[number]?.isForgotten === true),
    wrongUuid,
    anothers,
    denied,
    isKept: [lost, doubled, wrongUuid, anothers, denied].every(({ length }) => length === 0),
  }
}
