/** A call is sent with a closed circuit, a permit and a connection. Otherwise it is refused, and nothing is sent. */
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import type { Dispatcher, DispatcherOptions } from '../../../src/callbell/dispatcher.ts'
import { createDispatcher } from '../../../src/callbell/dispatcher.ts'
import { CallbellError } from '../../../src/domain/callbell-error.ts'
import { listen } from '../../../src/listen.ts'
import { httpAnswer, startRawUpstream } from '../../support/raw-upstream.ts'
import { createTestContext } from '../../support/test-context.ts'

function open(url: string, options: Partial<DispatcherOptions> = {}): Dispatcher {
  const calls = createDispatcher({
    url,
    token: 't',
    userAgent: 'test',
    connectTimeoutMs: 5000,
    maxRps: 0,
    log: pino({ level: 'silent' }),
    ...options,
  })
  onTestFinished(() => calls.close())
  return calls
}

const patch = { method: 'PATCH', path: '/contacts/u', urlTemplate: '/contacts/:uuid', body: '{}' } as const

/** @returns the status, or the code of the error */
async function send({ call }: Dispatcher, withinMs = 10_000): Promise<number | string> {
  const soon = performance.now() + withinMs
  try {
    return (await call(patch, { context: createTestContext(), queueBy: soon, respondBy: soon })).status
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    return `${error.code}: ${error.message}`
  }
}

const refused = 'CALLBELL_UNAVAILABLE: the circuit is open'

async function sendMany(calls: Dispatcher, count: number, withinMs?: number): Promise<unknown[]> {
  return Promise.all(Array.from({ length: count }, () => send(calls, withinMs)))
}

test.each([
  ['much', 10_000],
  ['little', 2000],
])('of calls with %s time left, one probes a failing Callbell after two seconds', async (_what, withinMs) => {
  const upstream = await startRawUpstream((socket) => {
    setTimeout(() => socket.write(httpAnswer('503 Service Unavailable')), 20)
  })
  const calls = open(upstream.url)
  for (let failures = 0; failures < 10; failures += 1) expect(await send(calls)).toBe(503)
  expect(calls.state().breaker).toBe('open')
  expect(await sendMany(calls, 20, withinMs)).toEqual(Array.from({ length: 20 }, () => refused))
  expect(upstream.requests).toHaveLength(10)
  await expect.poll(() => calls.state().breaker).toBe('half_open')
  const outcomes = await sendMany(calls, 81, withinMs)
  expect(outcomes.filter((outcome) => outcome === 503)).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome === refused)).toHaveLength(80)
  expect(upstream.requests).toHaveLength(11)
  // A fast failure counts, however little time the call had.
  expect(calls.state().breaker).toBe('open')
})

test('calls that wait when the circuit opens are refused, and not sent', async () => {
  const upstream = await startRawUpstream((socket) => socket.write(httpAnswer('500 Internal Server Error')))
  const calls = open(upstream.url, { maxRps: 40 })
  const outcomes = await sendMany(calls, 100)
  expect(outcomes.filter((outcome) => outcome === 500)).toHaveLength(upstream.requests.length)
  expect(outcomes.filter((outcome) => outcome === refused)).toHaveLength(100 - upstream.requests.length)
  // The requests that were sent before the tenth failure was known.
  expect(upstream.requests.length).toBeLessThan(40)
  expect(calls.state()).toMatchObject({ breaker: 'open', queueLength: 0, inFlight: 0 })
})

test('timeouts of calls with little time do not open the circuit, and timeouts of calls with enough time do', async () => {
  const upstream = await startRawUpstream(() => undefined)
  const calls = open(upstream.url, { connectTimeoutMs: 400 })
  await sendMany(calls, 20, 100)
  expect(calls.state().breaker).toBe('closed')
  await sendMany(calls, 10, 300)
  expect(calls.state().breaker).toBe('open')
})

test('a call that is not sent does not use the probe', async () => {
  let status = '500 Internal Server Error'
  const upstream = await startRawUpstream((socket) => socket.write(httpAnswer(status)))
  const calls = open(upstream.url, { maxRps: 10 })
  for (let failures = 0; failures < 10; failures += 1) await send(calls)
  status = '200 OK'
  await expect.poll(() => calls.state().breaker).toBe('half_open')
  // Its deadline has passed.
  expect(await send(calls, -1)).toBe('CALLBELL_TIMEOUT: no answer in time')
  expect(calls.state().breaker).toBe('half_open')
  expect(await send(calls)).toBe(200)
  expect(calls.state().breaker).toBe('closed')
})

test('each refused connection counts as one failure', async () => {
  const closed = createServer()
  const { port } = await listen(closed, 0, '127.0.0.1')
  closed.close()
  const calls = open(`http://127.0.0.1:${port}`)
  for (let failures = 0; failures < 10; failures += 1) {
    expect(await send(calls)).toBe('CALLBELL_UNAVAILABLE: the connection failed')
  }
  expect(await send(calls)).toBe(refused)
})

test('a call that gets no connection before its deadline is a CALLBELL_TIMEOUT', async () => {
  // The TLS handshake never starts.
  const silent = createServer(() => undefined)
  const { port } = await listen(silent, 0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  expect(await send(open(`https://127.0.0.1:${port}`), 200)).toBe('CALLBELL_TIMEOUT: no connection in time')
})

test('connections are reused, and a closed one is replaced', async () => {
  const upstream = await startRawUpstream((socket, number) => {
    socket.write(httpAnswer('200 OK'))
    if (number === 2) setTimeout(() => socket.destroy(), 5)
  })
  const calls = open(upstream.url)
  for (let requests = 0; requests < 3; requests += 1) {
    expect(await send(calls)).toBe(200)
    await delay(30)
  }
  expect(upstream.connections()).toBe(1)
  expect(await sendMany(calls, 5)).toEqual([200, 200, 200, 200, 200])
  expect(upstream.requests).toHaveLength(8)
  expect(upstream.connections()).toBeLessThanOrEqual(6)
  expect(calls.state()).toMatchObject({ inFlight: 0, queueLength: 0 })
})

test('responses that close their connection leave none open', async () => {
  const upstream = await startRawUpstream((socket) => {
    socket.end(httpAnswer('200 OK', '', 'connection: close\r\n'))
  })
  const calls = open(upstream.url)
  // More calls than connections.
  for (let rounds = 0; rounds < 5; rounds += 1) {
    expect(new Set(await sendMany(calls, 100))).toEqual(new Set([200]))
  }
  expect(upstream.connections()).toBe(500)
})
