/**
 * Creations of one identity run one at a time, and it is remembered which of them are unsettled. A lookup
 * shows one contact of a number. If two calls may have made it, it belongs to neither: a call must never be
 * answered with what another one made.
 *
 * All creations take turns in the process. Those with an idempotency key also mark the identity in the
 * store, so that they take turns with those of other replicas, and of a process that died.
 */
import type { RecordStore } from '../../store/store.ts'
import type { Logger } from '../../domain/logger.ts'
import { withDeadline } from '../attempts/require-store.ts'
import type { IdentityMark, IdentityLocksOptions, IdentityRequest } from './identity-mark.ts'
import { overloaded, recentMs, takeMark } from './identity-mark.ts'
import type { Lock } from '../attempts/local-turns.ts'
import { LocalLocks, tooManyMessage } from '../attempts/local-turns.ts'

export interface IdentityLock {
  /** Whether nothing but this creation may have made what a lookup finds. */
  readonly isSole: () => boolean
  /**
   * Never rejects.
   *
   * @returns undefined where nothing has to be waited for
   */
  end(end: TurnEnd): Promise<void> | undefined
}

/** How a creation ended. */
export interface TurnEnd {
  /** Whether the outcome is known, or nothing was sent. */
  readonly isSettled: boolean
  /** Whether a request was sent: what others look up may be made by it. */
  readonly wasSent: boolean
}

export interface IdentityLocks {
  /**
   * @throws ContactsFailure `OVERLOADED` if the turn does not come in time, `STORE_UNAVAILABLE` if the
   *   store of a creation with a key does not answer
   */
  acquire(taker: IdentityRequest): IdentityLock | Promise<IdentityLock>
}

/** A creation of this process with an unknown outcome. Times are on the clock of `performance.now()`. */
interface Unsettled {
  readonly token: string
  isMixed: boolean
  /** Until then, Callbell may still carry it out. */
  readonly openUntil: number
  /** Until then, its key may be repeated. */
  readonly keptUntil: number
}

/** Unsettled creations that a process remembers. Beyond that no creation is taken for the sole one. */
const mostUnsettled = 10_000
const pruneEveryMs = 1000

export function createIdentityLocks(
  store: RecordStore,
  log: Logger,
  options: IdentityLocksOptions,
): IdentityLocks {
  const { resendAfterMs, ttlMs } = options
  const turns = new LocalLocks({
    tooMany: (limit) => overloaded(tooManyMessage(limit, 'creations', 'of the same contact or note')),
    tooLate: () => overloaded('Other creations of the same contact or note took until the deadline'),
  })
  /** By identity. */
  const unsettled = new Map<string, Unsettled[]>()
  let unsettledCount = 0
  /** Until then, more creations are unsettled than are remembered. */
  let overflowUntil = 0
  let prunedAt = 0

  function unsettledOf(identity: string): Unsettled[] {
    const known = unsettled.get(identity)
    if (known === undefined) return []
    const now = performance.now()
    const live = known.filter(({ keptUntil }) => keptUntil > now)
    setUnsettled(identity, live)
    return live
  }

  function setUnsettled(identity: string, list: Unsettled[]): void {
    unsettledCount += list.length - (unsettled.get(identity)?.length ?? 0)
    if (list.length > 0) unsettled.set(identity, list)
    else unsettled.delete(identity)
  }

  function prune(): void {
    const now = performance.now()
    if (now - prunedAt < pruneEveryMs) return
    prunedAt = now
    for (const identity of unsettled.keys()) unsettledOf(identity)
  }

  function addUnsettled(identity: string, entry: Unsettled): void {
    if (unsettledCount >= mostUnsettled) prune()
    if (unsettledCount < mostUnsettled) setUnsettled(identity, [...unsettledOf(identity), entry])
    else overflowUntil = Math.max(overflowUntil, entry.keptUntil)
  }

  async function takeKeyed(taker: IdentityRequest, taking: Lock | Promise<Lock>): Promise<IdentityLock> {
    const turn = await taking
    try {
      if (performance.now() >= taker.deadline) throw overloaded('The deadline came before the turn')
      return new IdentityTurnHeld(taker, turn, await takeMark(store, taker, options))
    } catch (error) {
      turns.release(turn)
      throw error
    }
  }

  class IdentityTurnHeld implements IdentityLock {
    private readonly taker: IdentityRequest
    private readonly turn: Lock
    private readonly mark: IdentityMark | undefined
    private readonly known: readonly Unsettled[]
    private readonly isMixed: boolean

    constructor(taker: IdentityRequest, turn: Lock, mark?: IdentityMark) {
      this.taker = taker
      this.turn = turn
      this.mark = mark
      const now = performance.now()
      this.known = unsettled.size === 0 ? none : unsettledOf(taker.identity)
      const { lastEnd } = turn
      this.isMixed =
        // Its contact may bear the same second as this one's.
        (lastEnd !== undefined && lastEnd.token !== taker.token && now - lastEnd.at < recentMs) ||
        mark?.isMixed === true ||
        now < overflowUntil ||
        this.known.some((one) => (one.token === taker.token ? one.isMixed : one.openUntil > now))
    }

    readonly isSole = (): boolean => !this.isMixed

    end({ isSettled, wasSent }: TurnEnd): Promise<void> | undefined {
      const { identity, token, isKeyed } = this.taker
      // Before the turn ends: until then, no other creation of the identity looks at them.
      if (wasSent) for (const one of this.known) if (one.token !== token) one.isMixed = true
      if (this.known.length > 0) {
        setUnsettled(
          identity,
          this.known.filter((one) => one.token !== token),
        )
      }
      if (!isSettled) {
        const endedAt = performance.now()
        const openUntil = endedAt + resendAfterMs
        const keptUntil = isKeyed ? Math.max(openUntil, endedAt + ttlMs) : openUntil
        addUnsettled(identity, { token, isMixed: this.isMixed, openUntil, keptUntil })
      }
      turns.release(this.turn, wasSent ? token : undefined)
      return this.mark && this.endMark(this.mark, { isSettled, wasSent })
    }

    private async endMark(mark: IdentityMark, { isSettled, wasSent }: TurnEnd): Promise<void> {
      try {
        await withDeadline(this.taker.deadline, mark.end(isSettled, wasSent))
      } catch (error) {
        // The mark stays: it says that the creation is unsettled, which is the safe side.
        log.warn({ reason: String(error) }, 'the turn of an identity could not be given back')
      }
    }
  }

  return {
    acquire(taker) {
      const turn = turns.acquire(taker.identity, taker.caller, taker.deadline)
      if (taker.isKeyed) return takeKeyed(taker, turn)
      // Most creations without a key wait for nothing: they are spared the promises.
      return turn instanceof Promise
        ? turn.then((begun) => new IdentityTurnHeld(taker, begun))
        : new IdentityTurnHeld(taker, turn)
    },
  }
}

const none: readonly Unsettled[] = []
