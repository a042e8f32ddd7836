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

test('ten consecutive failures open the circuit, and nine do not', () => {
  const breaker = createBreaker(log)
  run(breaker, ...failures(9))
  expect(breaker.state()).toEqual({ breaker: 'closed', breakerOpenings: 0 })
  run(breaker, ...failures(1))
  expect(breaker.state()).toEqual({ breaker: 'open', breakerOpenings: 1 })
  expect(refusalOf(() => breaker.admit())).toEqual(refused(2000))
})

test('an answer resets the count of failures, and a call without evidence does not change it', () => {
  const breaker = createBreaker(log)
  run(breaker, ...failures(9), 'UP', ...failures(9), 'NOTHING')
  expect(breaker.state().breaker).toBe('closed')
  run(breaker, 'DOWN')
  expect(breaker.state().breaker).toBe('open')
})

test('the circuit is open for two seconds, even if the wall clock is set', () => {
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

test('after two seconds a single call probes, and its success closes the circuit', () => {
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

test('a failed probe keeps the circuit open for two seconds more, and does not count as an opening', () => {
  const breaker = openBreaker()
  vi.advanceTimersByTime(2000)
  run(breaker, 'DOWN')
  expect(breaker.state()).toEqual({ breaker: 'open', breakerOpenings: 1 })
  expect(refusalOf(() => breaker.admit())).toEqual(refused(2000))
})

test('after a probe without evidence, another call probes', () => {
  const breaker = openBreaker()
  vi.advanceTimersByTime(2000)
  run(breaker, 'NOTHING')
  const next = breaker.admit()
  expect(breaker.state().breaker).toBe('half_open')
  next.end('UP')
  expect(breaker.state().breaker).toBe('closed')
})

test('of the calls that waited when the circuit opened, one probes and the others are refused', () => {
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

test('a call that was sent before the circuit opened neither closes it nor keeps it open', () => {
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

test('waiting calls are refused as soon as the circuit opens', () => {
  const errors: CallbellError[] = []
  const breaker = createBreaker(log, (error) => errors.push(error))
  run(breaker, ...failures(10))
  expect(errors.map(({ message, retryAfterMs }) => [message, retryAfterMs])).toEqual([
    ['the circuit is open', 2000],
  ])
})
