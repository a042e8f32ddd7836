/** How long an attempt may take, and which failures count for the circuit, on a fake clock and real connections. */
import pino from 'pino'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Attempt, Dispatcher } from '../../../src/callbell/dispatcher.ts'
import { createDispatcher } from '../../../src/callbell/dispatcher.ts'
import { pass, useFakeClock, useRealClock } from '../../support/fake-clock.ts'
import { httpAnswer, startRawUpstream } from '../../support/raw-upstream.ts'
import { createTestContext } from '../../support/test-context.ts'

beforeEach(useFakeClock)
afterEach(useRealClock)

function open(url: string, maxRps = 0): Dispatcher {
  const log = pino({ level: 'silent' })
  const options = { url, token: 't', userAgent: 'test', connectTimeoutMs: 5000, maxRps, log }
  const calls = createDispatcher(options)
  onTestFinished(() => calls.close())
  return calls
}

const get = { method: 'GET', path: '/contacts/u', urlTemplate: '/contacts/:uuid' } as const

/** @returns the status, or the error's code */
async function send({ call }: Dispatcher, queueByMs = 1000, change: Partial<Attempt> = {}): Promise<unknown> {
  const now = performance.now()
  const times = { queueBy: now + queueByMs, respondBy: now + 1000 }
  return call(get, { context: createTestContext(), ...times, ...change }).then(
    ({ status }) => status,
    ({ code }) => code,
  )
}

test.each([
  ['the last attempt has all of the time', false, 900, 1000],
  ['an attempt before the last has half of the time', true, 900, 500],
  ['an attempt has all of the time if the next one would be too late', true, 500, 1000],
])('%s', async (_what, isRetried, queueByMs, timeoutMs) => {
  const upstream = await startRawUpstream(() => undefined)
  const ends: unknown[] = []
  void send(open(upstream.url), queueByMs, { reservesTime: isRetried }).then((end) => ends.push(end))
  // A poll would let the fake time pass.
  while (upstream.requests.length === 0) await new Promise(setImmediate)
  await pass(timeoutMs - 1)
  expect(ends).toEqual([])
  await pass(1)
  expect(ends).toEqual(['CALLBELL_TIMEOUT'])
})

test('a call without a permit in time is not sent, and does not count for the circuit', async () => {
  const upstream = await startRawUpstream((socket) => socket.write(httpAnswer('200 OK')))
  const calls = open(upstream.url, 1)
  expect(await send(calls)).toBe(200)
  // The response is due much later than the next permit.
  const attempt = { respondBy: performance.now() + 60_000 }
  const ends: unknown[] = []
  for (let times = 0; times < 20; times += 1) {
    void send(calls, 500, attempt).then((end) => ends.push(end))
  }
  // No time passes here.
  await new Promise(setImmediate)
  expect(ends).toEqual(Array.from({ length: 20 }, () => 'OVERLOADED'))
  expect(calls.state()).toMatchObject({ breaker: 'closed', queueLength: 0 })
  expect(upstream.requests).toHaveLength(1)
})

test('invalid responses do not open the circuit', async () => {
  const upstream = await startRawUpstream((socket) => socket.end('nonsense\r\n\r\n'))
  const calls = open(upstream.url)
  for (let times = 0; times < 20; times += 1) expect(await send(calls)).toBe('CALLBELL_INVALID_RESPONSE')
  expect(calls.state().breaker).toBe('closed')
})

test('a rejected token is reported for a minute', async () => {
  const upstream = await startRawUpstream((socket) =>
    socket.write(httpAnswer('401 Unauthorized', '{"error":"no"}')),
  )
  const calls = open(upstream.url)
  expect(await send(calls)).toBe(401)
  await pass(59_999)
  expect(calls.state().isTokenRejected).toBe(true)
  await pass(1)
  expect(calls.state().isTokenRejected).toBe(false)
})
