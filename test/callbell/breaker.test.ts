import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { createBreaker } from '../../src/callbell/breaker.ts'
import { CallbellError } from '../../src/callbell/errors.ts'
import type { Answer } from '../../src/callbell/exchange.ts'

const down = new CallbellError('CALLBELL_UNAVAILABLE', 'down', { progress: 'sent' })
const log = pino({ level: 'silent' })
const ignore = (): void => undefined

function answer(status: number): () => Promise<Answer> {
  return async () => ({ status, headers: {}, text: '' })
}

async function fail(times: number, how: () => Promise<Answer> = () => Promise.reject(down)) {
  const breaker = createBreaker(log)
  for (let failed = 0; failed < times; failed += 1) await breaker.watch(how, ignore).catch(ignore)
  return breaker
}

test('ten failures in a row open it, nine do not', async () => {
  expect((await fail(9)).check).not.toThrow('open')
  expect((await fail(10)).check).toThrow('the breaker is open')
})

test.each([500, 502, 503, 504])('a %i is a failure', async (status) => {
  expect((await fail(10, answer(status))).check).toThrow('the breaker is open')
})

test.each([200, 201, 302, 400, 401, 404, 422, 429])('a %i is none', async (status) => {
  expect((await fail(20, answer(status))).check).not.toThrow('open')
})

test('an answer that can’t be understood is none', async () => {
  const odd = new CallbellError('CALLBELL_INVALID_RESPONSE', 'odd', { progress: 'sent' })
  expect((await fail(20, () => Promise.reject(odd))).check).not.toThrow('open')
})

test('while it is open nothing is sent, and it tells when to come back', async () => {
  const breaker = await fail(10)
  let refusals = 0
  const refused = await breaker
    .watch(
      () => Promise.reject(new Error('sent')),
      () => (refusals += 1),
    )
    .catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'CALLBELL_UNAVAILABLE', progress: 'unsent' })
  expect(refused).toHaveProperty('retryAfterMs', expect.closeTo(2000, -3))
  expect(refusals).toBe(1)
})

test('then one request tries, alone, and its success closes it', async () => {
  const breaker = await fail(10)
  await vi.waitFor(breaker.check, { timeout: 5000 })
  const probe = Promise.withResolvers<Answer>()
  const probing = breaker.watch(() => probe.promise, ignore)
  expect(breaker.check).toThrow('the breaker is open')
  probe.resolve({ status: 200, headers: {}, text: '' })
  await probing
  expect(breaker.check).not.toThrow('open')
  expect((await breaker.watch(answer(201), ignore)).status).toBe(201)
})
