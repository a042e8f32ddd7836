/**
 * Never more than the limit in any second, by the clock of the upstream: real gateways under more load than
 * the limit allows, a real Redis, and an upstream that records when the first byte of each request arrives. In
 * real time: `npm run bench:pace` on a quiet machine. `test/unit/rate-limit/limit-under-load.test.ts` has it on a fake clock.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ChildGateway } from '../support/child-gateway.ts'
import { arrive, limit, load, open, startUsedRedis } from '../support/loaded-gateways.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { startRecordingUpstream, worstSecond } from '../support/recording-upstream.ts'
import { hasRedis } from '../support/redis-server.ts'
import { startSlowProxy } from '../support/slow-proxy.ts'
import { certificate, key } from '../support/test-certificate.ts'

/** Two percent for what the network reorders. */
const tolerated = 102

describe('one gateway', { timeout: 60_000 }, () => {
  test('the limit is kept, and used', async () => {
    const upstream = await startRecordingUpstream()
    load(open(upstream))
    await arrive(upstream, 350)
    const report = await upstream.report()
    expect(worstSecond(report)).toBeLessThanOrEqual(tolerated)
    expect(worstSecond(report)).toBeGreaterThan(limit * 0.9)
  })

  test('with connections that are taken up late, at the default limit', async () => {
    const upstream = await startRecordingUpstream({ acceptMs: 400 })
    load(open(upstream, { CALLBELL_MAX_RPS: '300' }))
    await arrive(upstream, 1000)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(306)
  })

  test('with connections that are taken up late, and serve one request each', async () => {
    const upstream = await startRecordingUpstream({ acceptMs: 400, isKeptAlive: false })
    load(open(upstream))
    await arrive(upstream, 300)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('with a full backlog', async () => {
    const upstream = await startRecordingUpstream({ backlog: 4 })
    const gateway = open(upstream)
    await gateway.url
    upstream.block(1500)
    load(gateway)
    await arrive(upstream, 350)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('that is ended, and started again at once', async () => {
    const upstream = await startRecordingUpstream()
    const first = open(upstream)
    load(first)
    await arrive(upstream, 150)
    first.kill('SIGKILL')
    await first.ended
    load(open(upstream))
    await arrive(upstream, 200)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('after a storm of 429 the pace comes back within seconds', async () => {
    const upstream = await startRecordingUpstream()
    load(open(upstream))
    await arrive(upstream, 100)
    upstream.answerNext(Array.from({ length: 120 }, () => 429))
    await arrive(upstream, 120)
    await delay(8000)
    const { arrivals, now } = await upstream.report()
    const latest = arrivals.filter((at) => at > now - 1500).length
    expect(latest).toBeGreaterThan(limit)
  })
})

/** One Redis, and three replicas under load that have found each other. */
async function openReplicas(upstream: RecordingUpstream, variables: Readonly<Record<string, string>> = {}) {
  const redis = await startUsedRedis()
  const start = (url = redis.url): ChildGateway => open(upstream, { STORE_URL: url, ...variables })
  const replicas = [start(), start(), start()]
  load(...replicas)
  await arrive(upstream, 150)
  return { redis, start, replicas }
}

describe.runIf(hasRedis)('three replicas on one Redis', { timeout: 60_000 }, () => {
  test('the limit is kept, and used, also while Redis is emptied', async () => {
    const upstream = await startRecordingUpstream()
    const { redis } = await openReplicas(upstream)
    await arrive(upstream, 150)
    const report = await upstream.report()
    expect(worstSecond(report)).toBeGreaterThan(limit * 0.7)
    await redis.run('FLUSHALL')
    await arrive(upstream, 200)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('with handshakes of a quarter of a second, and one for each request', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'certificate-')), 'ca.pem')
    writeFileSync(file, certificate)
    const upstream = await startRecordingUpstream({ certificate, key, handshakeMs: 250, isKeptAlive: false })
    await openReplicas(upstream, { NODE_EXTRA_CA_CERTS: file })
    await arrive(upstream, 250)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('with replies of Redis that are late', async () => {
    const upstream = await startRecordingUpstream()
    const redis = await startUsedRedis()
    const proxy = await startSlowProxy(redis.url)
    load(...[1, 2, 3].map(() => open(upstream, { STORE_URL: proxy.url })))
    await arrive(upstream, 150)
    proxy.replyMs = 300
    await arrive(upstream, 300)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('while another one is started, which reaches Redis at once, late or not at all', async () => {
    const upstream = await startRecordingUpstream()
    const { redis, start } = await openReplicas(upstream)
    const late = await startSlowProxy(redis.url, { connectMs: 2500 })
    load(start(), start(late.url), start('redis://127.0.0.1:1'))
    await arrive(upstream, 450)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('while each is ended or killed, and replaced', async () => {
    const upstream = await startRecordingUpstream()
    const { start, replicas } = await openReplicas(upstream)
    for (const [index, replica] of replicas.entries()) {
      replica.kill(index === 1 ? 'SIGKILL' : 'SIGTERM')
      load(start())
      await arrive(upstream, 120)
    }
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('while Redis hangs, and goes on', async () => {
    const upstream = await startRecordingUpstream()
    const { redis } = await openReplicas(upstream)
    redis.suspend()
    await arrive(upstream, 120)
    redis.resume()
    await arrive(upstream, 250)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })

  test('while one of them cannot reach Redis', async () => {
    const upstream = await startRecordingUpstream()
    const redis = await startUsedRedis()
    const proxy = await startSlowProxy(redis.url)
    const start = (url: string): ChildGateway => open(upstream, { STORE_URL: url })
    load(start(redis.url), start(redis.url), start(proxy.url))
    await arrive(upstream, 150)
    proxy.replyMs = 60_000
    await arrive(upstream, 400)
    proxy.replyMs = 0
    await arrive(upstream, 200)
    expect(worstSecond(await upstream.report())).toBeLessThanOrEqual(tolerated)
  })
})
