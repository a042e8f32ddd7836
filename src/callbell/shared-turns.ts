/**
 * The turns that replicas of one account share, so that all together keep to its limit: they are
 * taken from the store and, while it is away, each replica sends a share of its own.
 *
 * Between the two nobody can tell what the others have just sent. So whoever loses the store lets
 * the shared turns run out before it sends alone; and whoever finds it again keeps to its share, and
 * to the turns as well, until the others must have found it, too.
 */
import { longestHoldUpMs, windowMs } from './sliding-window.ts'

/**
 * Takes up to `wanted` turns out of `maxRps` in any `windowMs` milliseconds, which all replicas
 * share. Rejects where the others can't be asked, and once where what was granted may have been
 * forgotten since the last answer.
 *
 * @returns how many were granted; if not all, the milliseconds until there may be more; and how
 *   many replicas have asked lately, this one included
 */
export type TakeTurns = (
  wanted: number,
  maxRps: number,
  windowMs: number,
) => Promise<{ readonly granted: number; readonly waitMs: number; readonly replicas: number }>

export interface SharedTurns {
  /** Whether the store is away: turns are not asked for, `placesOf` says how many there are. */
  isAlone(): boolean
  /** Milliseconds for which nothing may be sent, whoever is asked. */
  silentForMs(now: number): number
  /** Out of a limit that all share, what this replica may send within a second at most. */
  placesOf(limit: number, now: number): number
  /**
   * Never rejects.
   *
   * @param limit what all may send within a second
   */
  take(wanted: number, limit: number): Promise<{ readonly granted: number; readonly waitMs: number }>
  close(): void
}

/** Turns are counted from when they are given: a request may be held up from there on. */
const sharedWindowMs = windowMs + longestHoldUpMs
/** Replicas alone share the limit by as many of them as were known, and by no fewer than so many. */
const fewestReplicas = 4
/** Idle replicas ask, too: they are to be known, and to know how many there are. */
const askEveryMs = 1000
const askAgainAfterMs = 250
/** When all replicas have found a store that is back: a second for a connection, and time to ask. */
const allBackAfterMs = 2000

/** @param limit what all may send within a second, at the moment */
export function createSharedTurns(takeTurns: TakeTurns, limit: () => number): SharedTurns {
  let isAlone = false
  let replicas = fewestReplicas
  let silentUntil = 0
  /** A replica that has just been started does not know whether the others have been alone. */
  let shareUntil = Number.POSITIVE_INFINITY
  let foundAgainAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  const keepsToShare = (now: number): boolean => isAlone || now < shareUntil

  async function ask(wanted: number, limitInForce: number) {
    try {
      const turns = await takeTurns(wanted, limitInForce, sharedWindowMs)
      find(turns.replicas)
      return turns
    } catch {
      // The store has said so in the log.
      lose()
      return { granted: 0, waitMs: 0 }
    }
  }

  function find(known: number): void {
    const now = performance.now()
    const isNew = shareUntil === Number.POSITIVE_INFINITY
    if (isAlone && !isNew) foundAgainAt = now
    if (isAlone || isNew) shareUntil = now + allBackAfterMs + sharedWindowMs
    isAlone = false
    // Of those who are still alone, a store that has lost its memory does not know.
    replicas = now < shareUntil ? Math.max(replicas, known) : Math.max(fewestReplicas, known)
  }

  function lose(): void {
    const now = performance.now()
    // One that never had the store was given none of the shared turns, and the others are alone already.
    const hadStore = !isAlone && shareUntil !== Number.POSITIVE_INFINITY
    // Where it was back for a moment, the others have kept to their shares: a store that comes and
    // goes must not silence everyone for good.
    const wasBackForLong = now - foundAgainAt > sharedWindowMs
    if (hadStore && wasBackForLong) silentUntil = now + sharedWindowMs
    isAlone = true
  }

  async function keepAsking(): Promise<void> {
    await ask(0, limit())
    if (timer === undefined) return
    timer = setTimeout(() => void keepAsking(), isAlone ? askAgainAfterMs : askEveryMs).unref()
  }

  timer = setTimeout(() => void keepAsking(), 0).unref()

  return {
    isAlone: () => isAlone,
    silentForMs: (now) => Math.max(0, silentUntil - now),
    // At least one: a replica that may never send serves nobody.
    placesOf: (whole, now) => (keepsToShare(now) ? Math.max(1, Math.floor(whole / replicas)) : whole),
    async take(wanted, limitInForce) {
      const { granted, waitMs } = await ask(wanted, limitInForce)
      const silenceMs = Math.max(0, silentUntil - performance.now())
      // What was granted before the store was lost is not good any more.
      return silenceMs > 0 ? { granted: 0, waitMs: silenceMs } : { granted, waitMs }
    },
    close() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
