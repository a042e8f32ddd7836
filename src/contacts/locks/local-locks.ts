/** Locks within this process, by name. The callers that wait for a lock acquire it in round-robin order. */
import { FairQueue } from '../../rate-limit/fair-queue.ts'

/** Starts a call that waits for the lock. */
type Start = () => void

/** The lock of one name. */
export interface Lock {
  readonly name: string
  isHeld: boolean
  /** Undefined while no call waits, which is usual. */
  waiting: FairQueue<Start> | undefined
  /** The latest release, if it was less than five seconds ago. */
  lastEnd: Release | undefined
}

/** One release of a lock. */
export interface Release {
  /** The token of the holder. */
  readonly token: string
  /** On the clock of `performance.now()`. */
  readonly at: number
}

/** A limit of waiting calls that is reached, for messages. */
export interface QueueLimit {
  readonly whose: 'CALLER_AND_NAME' | 'CALLER' | 'ALL'
  readonly waiting: number
  readonly max: number
}

export interface LockFailures {
  /** @returns what `acquire` throws if too many calls wait */
  tooMany(limit: QueueLimit): Error
  /** @returns what `acquire` throws if the lock is not acquired by the deadline */
  tooLate(): Error
}

/**
 * @param what the calls that wait, in the plural, as in `tag changes`
 * @param which the calls that share a name, as in `of this contact`
 */
export function tooManyMessage({ whose, waiting, max }: QueueLimit, what: string, which: string): string {
  const [value, limit] = [waiting, max].map((count) => count.toLocaleString('en-US'))
  const who = whose === 'ALL' ? 'The gateway has' : 'This caller has'
  const those = whose === 'CALLER_AND_NAME' ? `${what} ${which}` : what
  return `${who} ${value} ${those} waiting already; the limit is ${limit}`
}

/** One contact takes a few calls a second at best: more than these would wait past their deadlines. */
const maxOfCallerAndName = 10
/** Both limits bound the memory of waiting calls; no caller can fill all of it. */
const maxOfCaller = 1000
const maxInAll = 10_000

/** Enough for lists of at most one entry mostly, at 300 calls a second. */
const slotCount = 4096
/** For how long a release is remembered, in milliseconds. */
const rememberMs = 5000

/**
 * Not a map by name: V8 chains the tables of a map that is filled and emptied all the time. The chain keeps
 * the objects of every call from being collected.
 */
export class LocalLocks {
  private readonly slots: Lock[][] = Array.from({ length: slotCount }, () => [])
  private readonly all = new FairQueue<Start>()
  private readonly failures: LockFailures

  constructor(failures: LockFailures) {
    this.failures = failures
  }

  /**
   * Acquires the lock of the name. The caller releases it by `release`, once.
   *
   * @param deadline when the lock must be acquired, on the clock of `performance.now()`
   * @returns the lock at once if it is free, which is usual; else a promise of it
   * @throws (rejects with) one of the failures
   */
  acquire(name: string, caller: string, deadline: number): Lock | Promise<Lock> {
    const slot = this.slotOf(name)
    const existing = this.find(slot, name)
    if (existing?.isHeld) return this.wait(existing, caller, deadline)
    const lock = existing ?? { name, isHeld: true, waiting: undefined, lastEnd: undefined }
    lock.isHeld = true
    if (existing === undefined) slot.push(lock)
    return lock
  }

  /** @param token of the holder; undefined if it did nothing under the lock */
  release(lock: Lock, token?: string): void {
    if (token !== undefined) lock.lastEnd = { token, at: performance.now() }
    const startNext = lock.waiting?.takeNext()
    if (startNext) startNext()
    else lock.isHeld = false
  }

  /** Removes expired locks of the same slot, so that the memory is bounded by the rate of calls. */
  private find(slot: Lock[], name: string): Lock | undefined {
    const oldest = performance.now() - rememberMs
    let found: Lock | undefined
    for (let index = slot.length - 1; index >= 0; index -= 1) {
      const lock = slot[index]
      if (lock === undefined) continue
      if (lock.lastEnd && lock.lastEnd.at < oldest) lock.lastEnd = undefined
      if (!lock.isHeld && lock.lastEnd === undefined) slot.splice(index, 1)
      else if (lock.name === name) found = lock
    }
    return found
  }

  private async wait(lock: Lock, caller: string, deadline: number): Promise<Lock> {
    const { all, failures } = this
    const queue = (lock.waiting ??= new FairQueue())
    checkLimit('CALLER_AND_NAME', queue.sizeOf(caller), maxOfCallerAndName)
    checkLimit('CALLER', all.sizeOf(caller), maxOfCaller)
    checkLimit('ALL', all.size, maxInAll)
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
    return lock

    function checkLimit(whose: QueueLimit['whose'], waiting: number, max: number): void {
      if (waiting >= max) throw failures.tooMany({ whose, waiting, max })
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
