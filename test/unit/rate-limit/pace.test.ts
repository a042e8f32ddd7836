/**
 * Never more than the limit in any second, by the clock of the one that receives: gateways under more load than
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

/** Of all together, a second. */
const maxRps = 100
/** As `createApp` has it: a process before this one may have used the limit. */
const startsInMs = 1010

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const pass = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms))

describe('one gateway', () => {
  test('the limit is kept, and used', async () => {
    const callbell = createSimulatedCallbell()
    startSimulatedGateway(callbell, { maxRps })
    await pass(5000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
    expect(callbell.arrivals.length).toBeGreaterThan(maxRps * 5 * 0.9)
  })

  test('with connections that are taken up late, at the default limit', async () => {
    const callbell = createSimulatedCallbell({ acceptMs: 400 })
    startSimulatedGateway(callbell, { maxRps: 300 })
    await pass(5000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(300)
    expect(callbell.arrivals.length).toBeGreaterThan(1000)
  })

  test('with connections that are taken up late, and serve one request each', async () => {
    const callbell = createSimulatedCallbell({ acceptMs: 400, isKeptAlive: false })
    startSimulatedGateway(callbell, { maxRps })
    await pass(6000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
    expect(callbell.arrivals.length).toBeGreaterThan(300)
  })

  test('with one that takes up nothing for a while, then all at once', async () => {
    const callbell = createSimulatedCallbell()
    callbell.blockedUntil = performance.now() + 1500
    startSimulatedGateway(callbell, { maxRps })
    await pass(6000)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
    expect(callbell.arrivals.length).toBeGreaterThan(300)
  })

  test('that is killed, and started again at once', async () => {
    const callbell = createSimulatedCallbell()
    const first = startSimulatedGateway(callbell, { maxRps })
    await pass(2500)
    first.kill()
    startSimulatedGateway(callbell, { maxRps, startsInMs })
    await pass(4000)
    // Beside what may have left before, two percent.
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps + 2)
    expect(callbell.arrivals.length).toBeGreaterThan(450)
  })

  test('after a storm of 429 the pace comes back within seconds', async () => {
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

/** Replicas under load that have found each other. */
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
  test('the limit is kept, and used, also while the store is emptied', async () => {
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

  test('with handshakes of a quarter of a second, and one for each request', async () => {
    const callbell = createSimulatedCallbell({ handshakeMs: 250, isKeptAlive: false })
    await openReplicas(callbell)
    await pass(4000)
    expect(callbell.arrivals.length).toBeGreaterThan(250)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })

  test('with replies of the store that are late', async () => {
    const callbell = createSimulatedCallbell()
    const { replicas } = await openReplicas(callbell)
    for (const { link } of replicas) link.replyMs = 300
    const before = callbell.arrivals.length
    await pass(8000)
    expect(callbell.arrivals.length - before).toBeGreaterThan(300)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })

  test('while others are started, which reach the store at once, late or not at all', async () => {
    const callbell = createSimulatedCallbell()
    const { store, start } = await openReplicas(callbell)
    start()
    const late = start(store.link({ isReachable: false }))
    start(store.link({ isReachable: false }))
    await pass(2500)
    late.link.isReachable = true
    await pass(8000)
    // At first, one that has reached the store sends two percent beside what was granted before, and one that
    // has not sends one request a second.
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps + 2 + 1 + 1)
    expect(callbell.arrivals.length).toBeGreaterThan(900)
  })

  test('while each is ended or killed, and replaced', async () => {
    const callbell = createSimulatedCallbell()
    const { start, replicas } = await openReplicas(callbell)
    for (const [index, replica] of replicas.entries()) {
      replica.kill()
      if (index !== 1) replica.link.leave()
      start()
      await pass(2000)
    }
    expect(callbell.arrivals.length).toBeGreaterThan(500)
    // The one that was started last sends two percent beside what was granted before.
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps + 2)
  })

  test('while the store hangs, and goes on', async () => {
    const callbell = createSimulatedCallbell()
    const { store } = await openReplicas(callbell)
    store.hang()
    await pass(6000)
    const alone = callbell.arrivals.length
    expect(alone).toBeGreaterThan(120)
    store.goOn()
    await pass(6000)
    expect(callbell.arrivals.length - alone).toBeGreaterThan(300)
    expect(worstSecond(callbell.arrivals)).toBeLessThanOrEqual(maxRps)
  })

  test('while one of them cannot reach the store', async () => {
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
