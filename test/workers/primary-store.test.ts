/** A worker's store over a channel between two threads' ends, to the store of a primary. */
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import type { Answer, Ask, Channel } from '../../src/workers/peer.ts'
import { createPeer } from '../../src/workers/peer.ts'
import { createPrimaryStore } from '../../src/workers/primary-store.ts'
import { storeQuestion } from '../../src/workers/store-questions.ts'
import { createStoreService } from '../../src/workers/store-service.ts'
import { permitRequest } from '../support/permit-request.ts'
import { stored } from '../support/stores.ts'

const minute = 60_000

function channelOf(port: MessagePort): Channel {
  return {
    send: (message) => port.postMessage(message),
    receive: (listener) => void port.on('message', listener),
  }
}

/** A peer, whose questions are answered so. */
function openPeer(answer: Answer): Ask {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  createPeer(channelOf(port1), answer)
  return createPeer(channelOf(port2), () => undefined)
}

/** As many workers' stores as wanted, of one primary. */
function openStores(primary: Store = openMemoryStore()): () => Required<Store> {
  const answer = createStoreService(primary)
  let workers = 0
  return () => {
    workers += 1
    const worker = workers
    const { takeTurns, takeTokens, ...store } = createPrimaryStore(
      openPeer((question) => answer(storeQuestion.parse(question), worker)),
    )
    if (!takeTurns || !takeTokens) throw new Error('a store of workers shares turns and tokens')
    return { ...store, takeTurns, takeTokens }
  }
}

test('records are those of the primary, for each worker', async () => {
  const open = openStores()
  const [one, another] = [open(), open()]
  expect(one.isShared).toBe(true)
  expect(await one.get('k')).toBeNull()
  expect(await one.putIfAbsent('k', 'a', minute)).toBeNull()
  expect(await another.putIfAbsent('k', 'b', minute)).toEqual(stored('a'))
  expect(await another.replace('k', 'x', 'b', minute)).toBe(false)
  expect(await another.replace('k', 'a', 'b', minute)).toBe(true)
  expect(await one.get('k')).toEqual(stored('b'))
  expect(await one.remove('k', 'a')).toBe(false)
  expect(await one.remove('k', 'b')).toBe(true)
  expect(await another.get('k')).toBeNull()
  expect(await one.ping()).toBeNull()
})

test('records that count in a share do so for all workers together', async () => {
  const open = openStores()
  const [one, another] = [open(), open()]
  const charge = { owner: 'web', bytes: 60, limitBytes: 100 }
  expect(await one.claim('k', 'a', minute, charge)).toEqual({ state: 'PUT' })
  expect(await another.claim('k', 'b', minute, charge)).toEqual({ state: 'PRESENT', ...stored('a') })
  expect(await another.claim('l', 'b', minute, charge)).toEqual({ state: 'OVER_LIMIT', usedBytes: 60 })
  const smaller = { owner: 'web', bytes: 50, replacedBytes: 60 }
  expect(await another.replace('k', 'a', 'b', minute, smaller)).toBe(true)
  expect(await one.claim('l', 'b', minute, charge)).toEqual({ state: 'OVER_LIMIT', usedBytes: 50 })
  expect(await one.remove('k', 'b', { owner: 'web', bytes: 50 })).toBe(true)
  expect(await another.claim('l', 'b', minute, charge)).toEqual({ state: 'PUT' })
})

test('a record that the primary’s store refuses is reported as refused, and not as a failure', async () => {
  const refused = { state: 'REFUSED', reason: 'the disk is full' } as const
  const store = openStores({ ...openMemoryStore(), claim: () => Promise.resolve(refused) })()
  expect(await store.claim('k', 'a', minute, { owner: 'web', bytes: 1, limitBytes: 0 })).toEqual(refused)
})

test('of many workers that put at once, one does', async () => {
  const open = openStores()
  const put = await Promise.all(Array.from({ length: 50 }, (_, n) => open().putIfAbsent('k', `${n}`, minute)))
  expect(put.filter((there) => there === null)).toHaveLength(1)
})

test('turns are shared, and those who ask are counted', async () => {
  const open = openStores()
  const [one, another] = [open(), open()]
  expect(await one.takeTurns(permitRequest({ wanted: 3 }))).toMatchObject({ granted: 3, replicas: 1 })
  expect(await another.takeTurns(permitRequest({ wanted: 3 }))).toMatchObject({ granted: 2, replicas: 2 })
  expect(await one.takeTurns(permitRequest({ wanted: 1 }))).toMatchObject({ granted: 0, replicas: 2 })
})

test('a bucket is one for all, and another caller has another', async () => {
  const open = openStores()
  const [one, another] = [open(), open()]
  expect(await one.takeTokens('web', 2, 'IF_THERE', 1, 2)).toBe(0)
  expect(await another.takeTokens('web', 1, 'IF_THERE', 1, 2)).toBeGreaterThan(0)
  expect(await another.takeTokens('shop', 1, 'IF_THERE', 1, 2)).toBe(0)
  await another.takeTokens('web', -2, 'ANYWAY', 1, 2)
  expect(await one.takeTokens('web', 2, 'IF_THERE', 1, 2)).toBe(0)
})

const fail = (): Promise<never> => Promise.reject(new Error('the disk is full'))

test('a primary whose store fails refuses, with its words', async () => {
  const store = openStores({ ...openMemoryStore(), putIfAbsent: fail, ping: fail })()
  await expect(store.putIfAbsent('k', 'a', minute)).rejects.toThrow('the disk is full')
  await expect(store.ping()).rejects.toThrow('the disk is full')
  expect(await store.get('k')).toBeNull()
})

test('an answer that makes no sense is refused', async () => {
  const store = createPrimaryStore(openPeer(() => ({ granted: 'many' })))
  await expect(store.get('k')).rejects.toThrow('Invalid input')
  await expect(store.takeTurns?.(permitRequest())).rejects.toThrow('Invalid input')
})

test('a primary that does not answer within a second is as good as gone, and one that does later does no harm', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const answer = Promise.withResolvers<string>()
  const ask = openPeer((question) => (question === null ? 'at once' : answer.promise))
  const refused = ask({ kind: 'get' }).catch(String)
  vi.advanceTimersByTime(1000)
  const asked = ask({ kind: 'get' })
  vi.advanceTimersByTime(100)
  expect(await refused).toBe('Error: the other process does not answer')
  answer.resolve('late')
  expect(await asked).toBe('late')
  expect(vi.getTimerCount()).toBe(0)
})

test('messages that are none of a peer’s are passed over', async () => {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  const ask = createPeer(channelOf(port1), () => undefined)
  createPeer(channelOf(port2), () => 'answer')
  for (const message of [null, 'text', {}, { answered: 'x' }, { answered: 99, answer: 1 }, { refused: 1 }]) {
    port2.postMessage(message)
  }
  expect(await ask({})).toBe('answer')
})
