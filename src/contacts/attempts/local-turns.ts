/** One at a time, in this process: calls that name the same thing wait for each other, callers by turns. */
import { FairQueue } from '../../rate-limit/fair-queue.ts'

/** Starts a call that waits. */
type Start = () => void

/** The turn of one name. */
export interface Lock {
  readonly name: string
  isHeld: boolean
  /** Undefined while nobody waits, as is usual. */
  waiting: FairQueue<Start> | undefined
  /** The latest end of a turn of the name, if it was less than five seconds ago. */
  lastEnd: Release | undefined
}

/** The end of a turn. */
export interface Release {
  /** Whose turn it was. */
  readonly token: string
  /** On the clock of `performance.now()`. */
  readonly at: number
}

/** What waits, for messages: how much of it, and the most that may. */
export interface QueueLimit {
  readonly whose: 'CALLER_AND_NAME' | 'CALLER' | 'ALL'
  readonly waiting: number
  readonly most: number
}

export interface LockFailures {
  /** @returns what is thrown where too many wait */
  tooMany(limit: QueueLimit): Error
  /** @returns what is thrown where the turn does not come in time */
  tooLate(): Error
}

/**
 * @param what waits, in the plural
 * @param which of them share a name
 */
export function tooManyMessage({ whose, waiting, most }: QueueLimit, what: string, which: string): string {
  const [value, limit] = [waiting, most].map((count) => count.toLocaleString('en-US'))
  const who = whose === 'ALL' ? 'The gateway has' : 'This caller has'
  const those = whose === 'CALLER_AND_NAME' ? `${what} ${which}` : what
  return `${who} ${value} ${those} waiting already; the limit is ${limit}`
}

/** A thing takes some calls a second at best: more than these would wait past their deadlines. */
const mostOfCallerAndName = 10
/** Together they bound the memory that waiting calls take; no caller fills all of it. */
const mostOfCaller = 1000
const mostInAll = 10_000

/** Short lists, as most have no or one entry: those of a second at 300 calls a second find theirs at once. */
const slotCount = 4096
/** For how long the end of a turn is remembered, in milliseconds. */
const rememberMs = 5000

/**
 * Not a map by name: V8 chains the tables of a map that is filled and emptied all the time, and the chain
 * keeps what every call used from being collected.
 */
export class LocalLocks {
  private readonly slots: Lock[][] = Array.from({ length: slotCount }, () => [])
  private readonly all = new FairQueue<Start>()
  private readonly failures: LockFailures

  constructor(failures: LockFailures) {
    this.failures = failures
  }

  /**
   * Begins a turn of the name. It is to be ended by `end`, once.
   *
   * @param deadline when the turn must have come, on the clock of `performance.now()`
   * @returns the turn at once where nobody has it, as is usual; else when it has come
   * @throws (rejects with) one of the failures
   */
  acquire(name: string, caller: string, deadline: number): Lock | Promise<Lock> {
    const slot = this.slotOf(name)
    const known = this.find(slot, name)
    if (known?.isHeld) return this.wait(known, caller, deadline)
    const turn = known ?? { name, isHeld: true, waiting: undefined, lastEnd: undefined }
    turn.isHeld = true
    if (known === undefined) slot.push(turn)
    return turn
  }

  /** @param token whose turn it was; undefined where nothing was done in it */
  release(turn: Lock, token?: string): void {
    if (token !== undefined) turn.lastEnd = { token, at: performance.now() }
    const startNext = turn.waiting?.takeNext()
    if (startNext) startNext()
    else turn.isHeld = false
  }

  /** Forgets what else is over in the same slot, so that what is remembered is bounded by what is called. */
  private find(slot: Lock[], name: string): Lock | undefined {
    const oldest = performance.now() - rememberMs
    let found: Lock | undefined
    for (let index = slot.length - 1; index >= 0; index -= 1) {
      const turn = slot[index]
      if (turn === undefined) continue
      if (turn.lastEnd && turn.lastEnd.at < oldest) turn.lastEnd = undefined
      if (!turn.isHeld && turn.lastEnd === undefined) slot.splice(index, 1)
      else if (turn.name === name) found = turn
    }
    return found
  }

  private async wait(turn: Lock, caller: string, deadline: number): Promise<Lock> {
    const { all, failures } = this
    const queue = (turn.waiting ??= new FairQueue())
    checkRoom('CALLER_AND_NAME', queue.sizeOf(caller), mostOfCallerAndName)
    checkRoom('CALLER', all.sizeOf(caller), mostOfCaller)
    checkRoom('ALL', all.size, mostInAll)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => {
          queue.remove(caller, start)
          all.remove(caller, start)
          reject(failures.tooLate())
        },
        Math.max(0, deadline - performance.now()),
      )
      const start = (): void => {
        clearTimeout(timer)
        all.remove(caller, start)
        resolve()
      }
      queue.add(caller, start)
      all.add(caller, start)
    })
    return turn

    function checkRoom(whose: QueueLimit['whose'], waiting: number, most: number): void {
      if (waiting >= most) throw failures.tooMany({ whose, waiting, most })
    }
  }

  private slotOf(name: string): Lock[] {
    let hash = 0
    for (let index = 0; index < name.length; index += 1) hash = (hash * 31 + name.charCodeAt(index)) | 0
    const slot = this.slots[hash & (slotCount - 1)]
    if (slot === undefined) throw new Error('no slot')
    return slot
  }
}
