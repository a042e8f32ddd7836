import pino from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Breaker, Observation } from '../../../src/callbell/breaker.ts'
import { BreakerOpen, createBreaker } from '../../../src/callbell/breaker.ts'
import type { CallbellError } from '../../../src/domain/callbell-error.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date'] }))
afterEach(() => void vi.useRealTimers())

const log = pino({ level: 'silent' })

function run(breaker: Breaker, ...findings: readonly Observation[]): void {
  for (const finding of findings) breaker.admit().end(finding)
}

const failures = (times: number): Observation[] => Array.from({ length: times }, () => 'DOWN')

/** @returns a breaker that has just opened */
function openBreaker(): Breaker {
  const breaker = createBreaker(log)
  run(breaker, ...failures(10))
  return breaker
}

function refusalOf(attempt: () => unknown): object | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    if (!(error instanceof BreakerOpen)) throw error
    const { code, progress, retryAfterMs } = error
    return { code, progress, retryAfterMs }
  }
}

const refused = (retryAfterMs: number): object => ({
  code: 'CALLBELL_UNAVAILABLE',
  progress: 'unsent',
  retryAfterMs,
})

test('ten consecutive failures open it, nine do not', () => {
  const breaker = createBreaker(log)
  run(breaker, ...failures(9))
  expect(breaker.state()).toEqual({ breaker: 'closed', breakerOpenings: 0 })
  run(breaker, ...failures(1))
  expect(breaker.state()).toEqual({ breaker: 'open', breakerOpenings: 1 })
  expect(refusalOf(() => breaker.admit())).toEqual(refused(2000))
})

test('an answer starts the count again, and what shows nothing leaves it as it is', () => {
  const breaker = createBreaker(log)
  run(breaker, ...failures(9), 'UP', ...failures(9), 'NOTHING')
  expect(breaker.state().breaker).toBe('closed')
  run(breaker, 'DOWN')
  expect(breaker.state().breaker).toBe('open')
})

test('it is open for two seconds, whatever the wall clock does', () => {
  const breaker = openBreaker()
  vi.setSystemTime(Date.now() - 3_600_000)
  vi.advanceTimersByTime(500)
  expect(refusalOf(() => breaker.admit())).toEqual(refused(1500))
  vi.setSystemTime(Date.now() + 7_200_000)
  expect(breaker.state().breaker).toBe('open')
  vi.advanceTimersByTime(1499)
  expect(refusalOf(() => breaker.admit())).toEqual(refused(1))
  vi.advanceTimersByTime(1)
  expect(breaker.state().breaker).toBe('half_open')
  expect(refusalOf(() => breaker.admit())).toBeUndefined()
})

test('then one call tries, alone, and its success closes it', () => {
  const breaker = openBreaker()
  vi.advanceTimersByTime(2000)
  const probe = breaker.admit()
  expect(refusalOf(() => breaker.admit())).toEqual(refused(2000))
  expect(refusalOf(() => probe.check())).toBeUndefined()
  probe.end('UP')
  expect(breaker.state()).toEqual({ breaker: 'closed', breakerOpenings: 1 })
  expect(refusalOf(() => breaker.admit())).toBeUndefined()
  // It takes ten again.
  run(breaker, ...failures(9))
  expect(breaker.state().breaker).toBe('closed')
})

test('its failure keeps it open for two seconds more, which is no new opening', () => {
  const breaker = openBreaker()
  vi.advanceTimersByTime(2000)
  run(breaker, 'DOWN')
  expect(breaker.state()).toEqual({ breaker: 'open', breakerOpenings: 1 })
  expect(refusalOf(() => breaker.admit())).toEqual(refused(2000))
})

test('a call that tries and shows nothing leaves the place to another one', () => {
  const breaker = openBreaker()
  vi.advanceTimersByTime(2000)
  run(breaker, 'NOTHING')
  const next = breaker.admit()
  expect(breaker.state().breaker).toBe('half_open')
  next.end('UP')
  expect(breaker.state().breaker).toBe('closed')
})

test('calls that have waited since before it opened are refused, or try, one of them', () => {
  const breaker = createBreaker(log)
  const waiting = [breaker.admit(), breaker.admit(), breaker.admit()]
  run(breaker, ...failures(10))
  for (const passage of waiting) expect(refusalOf(() => passage.check())).toEqual(refused(2000))
  vi.advanceTimersByTime(2000)
  expect(waiting.map((passage) => refusalOf(() => passage.check()))).toEqual([
    undefined,
    refused(2000),
    refused(2000),
  ])
})

test('what was sent before it opened neither closes it nor keeps it open', () => {
  const breaker = createBreaker(log)
  const [success, failure] = [breaker.admit(), breaker.admit()]
  run(breaker, ...failures(10))
  success.end('UP')
  expect(breaker.state().breaker).toBe('open')
  vi.advanceTimersByTime(2000)
  run(breaker, 'UP')
  failure.end('DOWN')
  run(breaker, ...failures(9))
  expect(breaker.state().breaker).toBe('closed')
})

test('calls that wait are refused as soon as it opens', () => {
  const errors: CallbellError[] = []
  const breaker = createBreaker(log, (error) => errors.push(error))
  run(breaker, ...failures(10))
  expect(errors.map(({ message, retryAfterMs }) => [message, retryAfterMs])).toEqual([
    ['the breaker is open', 2000],
  ])
})
