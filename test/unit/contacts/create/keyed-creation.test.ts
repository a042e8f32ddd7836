/** When a repeated key waits, verifies and sends again, on a fake clock. */
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openMemoryStore } from '../../../../src/store/memory.ts'
import type { Store } from '../../../../src/store/store.ts'
import { pass, settled, useFakeClock, useRealClock } from '../../../support/fake-clock.ts'
import {
  contextFor,
  failAmbiguously,
  never,
  openCallbell,
  openReplica,
} from '../../../support/keyed-creation.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

const quietMs = 60_000
const timeoutMs = 10_000

/** Replicas on one store, and how long a call took. */
function open(change: (store: Store) => Partial<Store> = () => ({})) {
  const memory = openMemoryStore()
  onTestFinished(() => memory.close())
  const shared: Store = { ...memory, isShared: true }
  const store: Store = { ...shared, ...change(shared) }
  const { callbell, creation } = openCallbell()
  const start = (): { create(callTimeoutMs?: number, key?: string): Promise<unknown> } => {
    const replica = openReplica(store)
    return {
      create(callTimeoutMs = timeoutMs, key = 'key') {
        const result = replica.create(key, { creation, context: contextFor(callTimeoutMs) })
        result.catch(() => undefined)
        return result
      },
    }
  }
  return { callbell, start }
}

/** A call whose outcome stays unknown. @returns when its outcome was stored */
async function leaveUnknown({ callbell, start }: ReturnType<typeof open>): Promise<number> {
  callbell.send = failAmbiguously
  const { result, at } = await settled(start().create())
  expect(result).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 5000 })
  return at
}

test('a process that could not store an outcome verifies its own record at once', async () => {
  let isRefusing = true
  const { callbell, start } = open((store) => ({
    replace: (...request) =>
      isRefusing && request[4] ? Promise.reject(new Error('unreachable')) : store.replace(...request),
  }))
  const replica = start()
  callbell.send = failAmbiguously
  await settled(replica.create())
  isRefusing = false
  callbell.probe = () => Promise.resolve({ made: 'found' })
  const now = performance.now()
  const { result, at } = await settled(replica.create())
  expect([result, at - now]).toEqual([{ made: 'found', replayed: true }, 0])
})

test('a running record in an unshared store belongs to a process that has ended', async () => {
  const { callbell, start } = open(() => ({ isShared: false }))
  callbell.send = () => never
  void start().create()
  await pass(1000)
  callbell.probe = () => Promise.resolve({ made: 'found' })
  const now = performance.now()
  const { result, at } = await settled(start().create())
  expect([result, at - now]).toEqual([{ made: 'found', replayed: true }, 0])
})

test('a call waits for the call of another replica, with doubled pauses up to half a second', async () => {
  const { callbell, start } = open()
  const now = performance.now()
  callbell.send = () => new Promise((resolve) => void setTimeout(() => resolve('made'), 2500))
  const first = start().create()
  await pass(0)
  const { result, at } = await settled(start().create())
  expect(await first).toEqual({ made: 'made', replayed: false })
  // Polled after 100, 300, 700, 1200, 1700 and 2200 ms, too.
  expect([result, at - now]).toEqual([{ made: 'made', replayed: true }, 2700])
  expect([callbell.sends.length, callbell.probes.length]).toEqual([1, 0])
})

test('no poll waits past the deadline, and the caller learns when the other call ends', async () => {
  const { callbell, start } = open()
  const now = performance.now()
  callbell.send = () => never
  void start().create()
  await pass(0)
  const { result, at } = await settled(start().create(1000))
  expect(at - now).toBe(700)
  expect(result).toMatchObject({ code: 'CALLBELL_TIMEOUT', outcome: 'UNKNOWN', retryAfterMs: 12_000 - 700 })
})

test('the call of a dead process may be sending until two seconds after its deadline', async () => {
  const { callbell, start } = open()
  const now = performance.now()
  callbell.send = () => never
  void start().create()
  await pass(11_900)
  const { result } = await settled(start().create())
  // At 12,000 ms, the lease is not over.
  expect(callbell.probes.map((at) => at - now)).toEqual([12_200])
  expect(result).toMatchObject({ outcome: 'UNKNOWN', retryable: true })
  expect(callbell.sends).toHaveLength(1)
})

test('an ambiguous attempt is repeated exactly when its quiet period is over', async () => {
  const opened = open()
  const { callbell, start } = opened
  const since = await leaveUnknown(opened)
  callbell.send = () => Promise.resolve('made')
  await pass(quietMs - 1)
  // A repeat does not prolong it.
  const { result: early } = await settled(start().create())
  expect(early).toMatchObject({ outcome: 'UNKNOWN', retryAfterMs: 1000 })
  expect(callbell.sends).toHaveLength(1)
  await pass(1)
  const { result } = await settled(start().create())
  expect(result).toEqual({ made: 'made', replayed: false })
  expect(callbell.sends.map((at) => at - since).slice(1)).toEqual([quietMs])
})

test('the time of the lookup counts in the quiet period', async () => {
  const opened = open()
  const { callbell, start } = opened
  await leaveUnknown(opened)
  callbell.send = () => Promise.resolve('made')
  callbell.probe = () => new Promise((resolve) => void setTimeout(() => resolve('ABSENT'), 500))
  await pass(quietMs - 500)
  expect((await settled(start().create())).result).toEqual({ made: 'made', replayed: false })
})

test('a process that dies while it verifies does not prolong the quiet period', async () => {
  const opened = open()
  const { callbell, start } = opened
  await leaveUnknown(opened)
  await pass(quietMs)
  callbell.probe = () => never
  void start().create()
  await pass(12_001)
  callbell.probe = () => Promise.resolve('ABSENT')
  callbell.send = () => Promise.resolve('made')
  expect((await settled(start().create())).result).toEqual({ made: 'made', replayed: false })
})

test('a process that dies while it sends again starts the quiet period again', async () => {
  const opened = open()
  const { callbell, start } = opened
  await leaveUnknown(opened)
  await pass(quietMs)
  callbell.send = () => never
  void start().create()
  // Its lease is over, and the quiet period is over after that.
  await pass(12_000 + quietMs - 1)
  expect((await settled(start().create())).result).toMatchObject({ outcome: 'UNKNOWN' })
  expect(callbell.sends).toHaveLength(2)
  await pass(1)
  callbell.send = () => Promise.resolve('made')
  expect((await settled(start().create())).result).toEqual({ made: 'made', replayed: false })
  expect(callbell.sends).toHaveLength(3)
})

test('every lookup counts from the moment when the first attempt was sent', async () => {
  const opened = open()
  const { callbell, start } = opened
  const now = performance.now()
  // The key was claimed 70 ms earlier, and the attempt failed 100 ms later.
  callbell.send = async () => {
    await new Promise((resolve) => void setTimeout(resolve, 70))
    return failAmbiguously()
  }
  await settled(start().create())
  await pass(quietMs)
  // A repeat that fails, one that dies while it verifies, and one that dies while it sends.
  await settled(start().create())
  expect(callbell.sends).toHaveLength(2)
  callbell.probe = () => never
  void start().create()
  await pass(quietMs + 12_001)
  callbell.probe = () => Promise.resolve('ABSENT')
  callbell.send = () => never
  void start().create()
  await pass(quietMs + 12_001)
  expect(callbell.sends).toHaveLength(3)
  callbell.probe = () => Promise.resolve({ made: 'found' })
  await settled(start().create())
  // Three of each ambiguous attempt, and one of each repeat.
  expect(callbell.notBefore.map((since) => since === null || since - now)).toEqual(
    Array.from({ length: 3 + 1 + 3 + 1 + 1 + 1 }, () => 70),
  )
})

test('what a repeat has found is not taken for the creation of another key on another replica', async () => {
  const { callbell, start } = open()
  await leaveUnknown({ callbell, start })
  callbell.probe = () => Promise.resolve({ made: 'found' })
  const second = start()
  expect((await settled(second.create())).result).toEqual({ made: 'found', replayed: true })
  // The lookup of this creation finds the same contact, which may be from the same second.
  const { result } = await settled(start().create(timeoutMs, 'other key'))
  expect(result).toMatchObject({ outcome: 'UNKNOWN' })
})

test('what a repeat has found is not taken for the creation of another key in the same process', async () => {
  const { callbell, start } = open()
  await leaveUnknown({ callbell, start })
  callbell.probe = () => Promise.resolve({ made: 'found' })
  const second = start()
  expect((await settled(second.create())).result).toEqual({ made: 'found', replayed: true })
  const { result } = await settled(second.create(timeoutMs, 'other key'))
  expect(result).toMatchObject({ outcome: 'UNKNOWN' })
})

test('more than five seconds later, the time of a creation distinguishes it from another one', async () => {
  const { callbell, start } = open()
  const replica = start()
  await leaveUnknown({ callbell, start: () => replica })
  callbell.probe = () => Promise.resolve({ made: 'found' })
  await settled(replica.create())
  await pass(5000)
  expect((await settled(start().create(timeoutMs, 'other key'))).result).toEqual({
    made: 'found',
    replayed: false,
  })
})
