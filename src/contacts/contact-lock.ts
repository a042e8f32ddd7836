/** One at a time: changes that read a contact, and write what they made of it. */
import { FairLine } from '../fair-line.ts'
import type { Store } from '../store/store.ts'
import type { ContactsFailure } from './failure.ts'
import { overloaded, runExclusively, tooLate } from './shared-lock.ts'

export interface ContactLock {
  /**
   * Runs a change when no other one of the same contact runs, in this process or another replica. In
   * this process, the callers that wait for a contact take turns.
   *
   * @param caller whose turn the change takes
   * @param deadline when it must have ended, on the clock of `performance.now()`
   * @throws ContactsFailure `OVERLOADED` at once if too many wait, or at the deadline if its turn has not
   *   come; `STORE_UNAVAILABLE` if the other replicas can't be asked; and what the change throws
   */
  run<T>(uuid: string, caller: string, deadline: number, change: () => Promise<T>): Promise<T>
}

/** A contact takes some edits a second at best: more than these would wait past their deadlines. */
const mostOfCallerAndContact = 10
/** Together they bound the memory that waiting changes take; no caller fills all of it. */
const mostOfCaller = 1000
const mostInAll = 10_000

/** Starts a change that waits. */
type Start = () => void

export function createContactLock(store: Store): ContactLock {
  /** Who waits, by contact. A contact without a queue is not being changed. */
  const queues = new Map<string, FairLine<Start>>()
  const all = new FairLine<Start>()

  async function waitForTurn(uuid: string, caller: string, deadline: number): Promise<void> {
    const queue = queues.get(uuid)
    if (queue === undefined) {
      queues.set(uuid, new FairLine())
      return
    }
    checkRoom(queue, caller)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        queue.remove(caller, start)
        all.remove(caller, start)
        reject(tooLate())
      }, deadline - performance.now())
      const start = (): void => {
        clearTimeout(timer)
        all.remove(caller, start)
        resolve()
      }
      queue.add(caller, start)
      all.add(caller, start)
    })
  }

  function checkRoom(queue: FairLine<Start>, caller: string): void {
    const [ofBoth, ofCaller, inAll] = [queue.sizeOf(caller), all.sizeOf(caller), all.size]
    if (ofBoth >= mostOfCallerAndContact)
      throw tooMany('This caller has', ofBoth, 'tag changes of this contact', mostOfCallerAndContact)
    if (ofCaller >= mostOfCaller) throw tooMany('This caller has', ofCaller, 'tag changes', mostOfCaller)
    if (inAll >= mostInAll) throw tooMany('The gateway has', inAll, 'tag changes', mostInAll)
  }

  function endTurn(uuid: string): void {
    const startNext = queues.get(uuid)?.takeNext()
    if (startNext) startNext()
    else queues.delete(uuid)
  }

  return {
    async run(uuid, caller, deadline, change) {
      await waitForTurn(uuid, caller, deadline)
      try {
        if (performance.now() >= deadline) throw tooLate()
        // What is not shared is used by this process alone, whose queue is enough.
        return await (store.isShared ? runExclusively(store, uuid, deadline, change) : change())
      } finally {
        endTurn(uuid)
      }
    },
  }
}

function tooMany(who: string, waiting: number, what: string, most: number): ContactsFailure {
  const [value, limit] = [waiting, most].map((count) => count.toLocaleString('en-US'))
  return overloaded(`${who} ${value} ${what} waiting already; the limit is ${limit}`)
}
