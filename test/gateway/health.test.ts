/** `/readyz`: the problems that make a process not ready, and how they are reported. */
import { expect, test } from 'vitest'
import { createHealthChecks, createStoreCheck } from '../../src/http/health-checks.ts'
import { answerReadiness } from '../../src/http/health.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { watchEventLoop } from '../../src/telemetry/event-loop.ts'
import { startGateway } from '../support/child-gateway.ts'
import { sendRaw } from '../support/raw-request.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

async function readiness({ url }: Pick<TestGateway, 'url'>, query = ''): Promise<unknown[]> {
  const response = await fetch(new URL(`/readyz${query}`, url))
  const { ready, reasons, error } = await response.json()
  return [response.status, ready, reasons ?? error]
}

const query = '{ contact(uuid: "u") { uuid } }'

test('a rejected token makes the process not ready until Callbell accepts it', async () => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext({ status: 401, body: { error: 'not authorized' } })
  await gateway.execute(query)
  expect(await readiness(gateway)).toEqual([503, false, ['token: Callbell rejected the gateway’s API token']])
  await gateway.execute(query)
  expect(await readiness(gateway)).toEqual([200, true, []])
})

test('a 403 counts as a rejected token, and later failures do not change that', async () => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext(
    { status: 403, body: { error: 'forbidden' } },
    ...Array.from({ length: 4 }, () => ({ status: 500 })),
    // A read has four attempts.
    ...Array.from({ length: 4 }, () => ({ status: 404, body: '<html>' })),
  )
  for (let calls = 0; calls < 3; calls += 1) {
    await gateway.execute(query)
    expect((await readiness(gateway))[0]).toBe(503)
  }
})

test.each([
  [401, '<html>Unauthorized</html>'],
  [403, '<html>Forbidden</html>'],
  [403, ''],
  [403, '{"message":"blocked"}'],
  [401, '{"error":""}'],
])('a %i that is not from Callbell (%s) does not count as a rejected token', async (status, body) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext({ status, body })
  await gateway.execute(query)
  expect(await readiness(gateway)).toEqual([200, true, []])
})

test('an open circuit is reported until it is half-open, and can be excluded', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1000 })
  gateway.sandbox.failNext(...Array.from({ length: 30 }, () => ({ status: 500, body: '' })))
  await Promise.all(Array.from({ length: 12 }, () => gateway.execute(query)))
  const reason = 'breaker: Callbell fails, and the circuit is open for 2 seconds'
  expect(await readiness(gateway)).toEqual([503, false, [reason]])
  expect(await readiness(gateway, '?exclude=breaker')).toEqual([200, true, [reason]])
  // Half-open: one request may probe Callbell.
  await expect.poll(() => readiness(gateway)).toEqual([200, true, []])
  expect(gateway.log.filter(({ msg }) => /circuit is open/.test(String(msg)))).toHaveLength(1)
})

test('all problems are reported, including excluded ones', async () => {
  const gateway = await createTestGateway({
    health: {
      isDraining: () => true,
      eventLoopDelayMs: () => 250.4,
      checkStore: async () => ({ problem: 'Redis is loading its data', warning: 'keys may be evicted' }),
      upstreamState: () => ({ breaker: 'open', isTokenRejected: true }),
    },
  })
  const reasons = [
    'draining: the process is shutting down',
    'event-loop: the event loop is 250 ms late; the limit is 150 ms',
    'store: Redis is loading its data; calls with a new idempotency key are refused',
    'store: keys may be evicted',
    'breaker: Callbell fails, and the circuit is open for 2 seconds',
    'token: Callbell rejected the gateway’s API token',
  ]
  expect(await readiness(gateway)).toEqual([503, false, reasons])
  const others = '?exclude=store&exclude=breaker&exclude=token'
  expect(await readiness(gateway, others)).toEqual([503, false, reasons])
  expect(await readiness(gateway, `${others}&exclude=draining&exclude=event-loop`)).toEqual([
    200,
    true,
    reasons,
  ])
})

test('an unknown check in `exclude` is refused, and the error lists the known ones', async () => {
  const gateway = await createTestGateway()
  expect(await readiness(gateway, '?exclude=stroe')).toEqual([
    400,
    undefined,
    '`exclude` must be one of draining, event-loop, store, breaker, token.',
  ])
})

test('the delay of the event loop is measured, and a late one makes the process not ready', async () => {
  const delayMs = watchEventLoop()
  await expect.poll(delayMs).toBeLessThan(100)
  await expect
    .poll(
      () => {
        const until = performance.now() + 600
        while (performance.now() < until);
        return delayMs()
      },
      { interval: 1 },
    )
    .toBeGreaterThan(250)
  const checks = createHealthChecks({
    isDraining: () => false,
    eventLoopDelayMs: delayMs,
    checkStore: async () => ({ problem: null, warning: null }),
    upstreamState: () => ({ breaker: 'closed', isTokenRejected: false }),
  })
  const response = await answerReadiness({ upstream: 'sandbox', checks }, [])
  expect(response.status).toBe(503)
  await expect.poll(delayMs).toBeLessThan(100)
})

test('a process that shuts down reports that it is not ready, before it stops listening', async () => {
  const gateway = startGateway({ DRAIN_DELAY_MS: '3000' })
  const url = await gateway.url
  gateway.kill('SIGTERM')
  const draining = [503, false, ['draining: the process is shutting down']]
  await expect.poll(() => readiness({ url }), { interval: 10 }).toEqual(draining)
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
})

test.each([
  ['GET /livez', 200, '{"live":true}'],
  ['OPTIONS /livez', 200, '{"live":true}'],
  ['HEAD /livez', 200, ''],
  [
    'GET /readyz',
    503,
    '{"ready":false,"upstream":"sandbox","reasons":["draining: the process is shutting down"]}',
  ],
  [
    'OPTIONS /readyz',
    503,
    '{"ready":false,"upstream":"sandbox","reasons":["draining: the process is shutting down"]}',
  ],
  [
    'GET /readyz?exclude=draining',
    200,
    '{"ready":true,"upstream":"sandbox","reasons":["draining: the process is shutting down"]}',
  ],
])('a request with HTTP/1.0 and without a Host header is answered: %s', async (request, status, body) => {
  const gateway = await createTestGateway({ health: { isDraining: () => true } })
  const answers = await sendRaw(gateway.url, `${request} HTTP/1.0\r\n\r\n`)
  expect(answers.map((answer) => [answer.status, answer.body])).toEqual([[status, body]])
  const { connection, 'transfer-encoding': encoding } = answers[0]?.headers ?? {}
  expect([connection, encoding]).toEqual(['close', undefined])
})

test('the delay of the event loop is read at most once in 20 ms', async () => {
  let reads = 0
  const checks = createHealthChecks({
    isDraining: () => false,
    eventLoopDelayMs: () => {
      reads += 1
      return 0
    },
    checkStore: async () => ({ problem: null, warning: null }),
    upstreamState: () => ({ breaker: 'closed', isTokenRejected: false }),
  })
  const start = performance.now()
  await Promise.all(Array.from({ length: 1000 }, () => answerReadiness({ upstream: 'sandbox', checks }, [])))
  expect(reads).toBeLessThanOrEqual(1 + (performance.now() - start) / 20)
})

test('concurrent checks share one ping of the store', async () => {
  let pings = 0
  const check = createStoreCheck({
    ping: async () => {
      pings += 1
      throw new Error('away')
    },
  })
  const unavailable = { problem: 'away', warning: null }
  expect(await Promise.all([check(), check(), check()])).toEqual([unavailable, unavailable, unavailable])
  expect(pings).toBe(1)
  expect(await createStoreCheck(openMemoryStore())()).toEqual({ problem: null, warning: null })
})

function storeProblem(reason: string): unknown[] {
  return [503, false, [`store: ${reason}; calls with a new idempotency key are refused`]]
}

test.runIf(hasRedis)('Redis is reported while it is down, full, evicting or suspended', async () => {
  const redis = await startRedis()
  const gateway = { url: await startGateway({ STORE_URL: redis.url }).url }
  // A command or a connect may hang.
  const isHanging = async (): Promise<boolean> =>
    /did not reply within \d000 ms; calls/.test(JSON.stringify(await readiness(gateway)))
  await expect.poll(() => readiness(gateway)).toEqual([200, true, []])
  await redis.kill()
  await expect.poll(() => readiness(gateway)).toEqual(storeProblem('Redis is unreachable (ECONNREFUSED)'))
  // On a busy machine, the event loop may be late for a moment.
  await expect.poll(async () => (await readiness(gateway, '?exclude=store'))[0]).toBe(200)
  await redis.start()
  await expect.poll(() => readiness(gateway)).toEqual([200, true, []])
  // A full Redis still answers, but stores nothing.
  await redis.configure('maxmemory', '1')
  await expect.poll(() => readiness(gateway)).toEqual(storeProblem('Redis is out of memory'))
  await redis.configure('maxmemory', '0')
  await expect.poll(() => readiness(gateway)).toEqual([200, true, []])
  await redis.configure('maxmemory-policy', 'allkeys-lru')
  const warning =
    'store: Redis may evict idempotency keys: its maxmemory-policy is allkeys-lru; set it to noeviction'
  await expect.poll(() => readiness(gateway)).toEqual([200, true, [warning]])
  await redis.configure('maxmemory-policy', 'noeviction')
  await expect.poll(() => readiness(gateway)).toEqual([200, true, []])
  redis.suspend()
  await expect.poll(isHanging).toBe(true)
  redis.resume()
  await expect.poll(() => readiness(gateway)).toEqual([200, true, []])
})

test.runIf(hasRedis)('a Redis cluster is refused at the start', async () => {
  const { url } = await startRedis({ settings: ['--cluster-enabled', 'yes'], isNew: true })
  const gateway = startGateway({ STORE_URL: url })
  expect(await gateway.ended).toEqual({ code: 1, signal: null })
  expect(gateway.output().stderr).toBe(
    'STORE_URL: the store cannot be opened: Redis is a cluster, which is not supported; use a single Redis, or one with replicas behind one address\n',
  )
})
