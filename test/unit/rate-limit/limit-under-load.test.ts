/**
 * Callbell never receives more than the limit in any second, from gateways under more load than
 * the limit allows. `npm run bench:pace` measures the same with real processes, a real Redis and real time.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SimulatedCallbell } from '../../support/simulated-callbell.ts'
import {
  createSimulatedCallbell,
  startSimulatedGateway,
  worstSecond,
} from '../../support/simulated-callbell.ts'
import type { SimulatedLink } from '../../support/simulated-permit-store.ts'
import { createSimulatedPermitStore } from '../../support/simulated-permit-store.ts'

/** The limit of all gateways together, per second. */
const maxRps = 100
/** The delay of `createApp`: a previous process may have used the limit. */
const startsInMs = 1010

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms))

describe('one gateway', () => {
  test('keeps and uses the limit', async () => {
    const callbell = createSimulatedCallbell()
    startSimulatedGateway(callbell, { maxRps })
    await pass(5000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
    expect(callbell.arrivals.length).toBeGreaterThan(maxRps * 5 * 0.9)
  })

  test('keeps the default limit with connections that are accepted late', async () => {
    const callbell = createSimulatedCallbell({ acceptMs: 400 })
    startSimulatedGateway(callbell, { maxRps: 300 })
    await pass(5000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(300)
    expect(callbell.arrivals.length).toBeGreaterThan(1000)
  })

  test('keeps the limit with connections that are accepted late and serve one request each', async () => {
    const callbell = createSimulatedCallbell({ acceptMs: 400, isKeptAlive: false })
    startSimulatedGateway(callbell, { maxRps })
    await pass(6000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
    expect(callbell.arrivals.length).toBeGreaterThan(300)
  })

  test('keeps the limit with an upstream that accepts nothing for a while, then everything at once', async () => {
    const callbell = createSimulatedCallbell()
    callbell.blockedUntil = performance.now() + 1500
    startSimulatedGateway(callbell, { maxRps })
    await pass(6000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
    expect(callbell.arrivals.length).toBeGreaterThan(300)
  })

  test('keeps the limit, with two percent more, when it is killed and restarted at once', async () => {
    const callbell = createSimulatedCallbell()
    const first = startSimulatedGateway(callbell, { maxRps })
    await pass(2500)
    first.kill()
    startSimulatedGateway(callbell, { maxRps, startsInMs })
    await pass(4000)
    // A new process sends two percent of the limit in its first second.
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps + 2)
    expect(callbell.arrivals.length).toBeGreaterThan(450)
  })

  test('recovers its rate within seconds after many 429 responses', async () => {
    const callbell = createSimulatedCallbell()
    startSimulatedGateway(callbell, { maxRps })
    await pass(1500)
    callbell.rejections = 120
    while (callbell.rejections > 0) await pass(100)
    await pass(8000)
    const before = callbell.arrivals.length
    await pass(1500)
    expect(callbell.arrivals.length - before).toBeGreaterThan(maxRps)
  })
})

/** Replicas under load that have joined each other. */
async function openReplicas(callbell: SimulatedCallbell) {
  const store = createSimulatedPermitStore()
  const start = (link: SimulatedLink = store.link()) => ({
    link,
    ...startSimulatedGateway(callbell, { maxRps, acquireShared: link.acquireShared, startsInMs }),
  })
  const replicas = [start(), start(), start()]
  await pass(4000)
  return { store, start, replicas }
}

describe('three replicas on one store', () => {
  test('keep and use the limit, also while the store loses its data', async () => {
    const callbell = createSimulatedCallbell()
    const { store } = await openReplicas(callbell)
    await pass(2000)
    expect(worstSecond(callbell.arrivals)).toBeGreaterThan(maxRps * 0.7)
    store.flush()
    const before = callbell.arrivals.length
    await pass(6000)
    expect(callbell.arrivals.length - before).toBeGreaterThan(200)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })

  test('keep the limit with a slow handshake for each request', async () => {
    const callbell = createSimulatedCallbell({ handshakeMs: 250, isKeptAlive: false })
    await openReplicas(callbell)
    await pass(4000)
    expect(callbell.arrivals.length).toBeGreaterThan(250)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })

  test('keep the limit with late replies of the store', async () => {
    const callbell = createSimulatedCallbell()
    const { replicas } = await openReplicas(callbell)
    for (const { link } of replicas) link.replyMs = 300
    const before = callbell.arrivals.length
    await pass(8000)
    expect(callbell.arrivals.length - before).toBeGreaterThan(300)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })

  test('keep the limit, with at most four more, while others start that reach the store at once, late or never', async () => {
    const callbell = createSimulatedCallbell()
    const { store, start } = await openReplicas(callbell)
    start()
    const late = start(store.link({ isReachable: false }))
    start(store.link({ isReachable: false }))
    await pass(2500)
    late.link.isReachable = true
    await pass(8000)
    // In its first seconds, a replica with a store sends two percent of the limit in addition, and one
    // without a store one request per second.
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps + 2 + 1 + 1)
    expect(callbell.arrivals.length).toBeGreaterThan(900)
  })

  test('keep the limit, with two percent more, while each is ended or killed, and replaced', async () => {
    const callbell = createSimulatedCallbell()
    const { start, replicas } = await openReplicas(callbell)
    for (const [index, replica] of replicas.entries()) {
      replica.kill()
      if (index !== 1) replica.link.leave()
      start()
      await pass(2000)
    }
    expect(callbell.arrivals.length).toBeGreaterThan(500)
    // The latest replica sends two percent of the limit in addition.
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps + 2)
  })

  test('keep the limit while the store hangs, and after it continues', async () => {
    const callbell = createSimulatedCallbell()
    const { store } = await openReplicas(callbell)
    store.suspend()
    await pass(6000)
    const whileSuspended = callbell.arrivals.length
    expect(whileSuspended).toBeGreaterThan(120)
    store.resume()
    await pass(6000)
    expect(callbell.arrivals.length - whileSuspended).toBeGreaterThan(300)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })

  test('keep the limit while one of them cannot reach the store', async () => {
    const callbell = createSimulatedCallbell()
    const { replicas } = await openReplicas(callbell)
    const [cut] = replicas
    if (cut === undefined) throw new Error('no replica')
    cut.link.replyMs = 60_000
    await pass(8000)
    cut.link.replyMs = 0
    await pass(4000)
    expect(callbell.arrivals.length).toBeGreaterThan(900)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })
})
