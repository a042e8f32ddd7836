import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import pino from 'pino'
import { CallbellError } from '../../../../src/domain/callbell-error.ts'
import type { CreateOperation } from '../../../../src/contacts/create/creation.ts'
import { createCalibration } from '../../../../src/contacts/create/calibration.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

function calibrate(answers: readonly (boolean | 'FAILS')[]) {
  const lines: { readonly level: number; readonly msg: string }[] = []
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) })
  const calibration = createCalibration({
    createCall: () => () => Promise.reject(new Error('not asked')),
    log,
  })
  let lookups = 0
  const creation: CreateOperation<string> = {
    kind: 'contact',
    fingerprint: () => '',
    identity: 'i',
    lookup: 'l',
    canBeLookedUp: true,
    send: () => Promise.resolve('made'),
    lookUp: () => Promise.resolve('ABSENT'),
    findCreated() {
      const answer = answers[lookups]
      lookups += 1
      if (answer !== 'FAILS') return Promise.resolve(answer ?? true)
      return Promise.reject(new CallbellError('CALLBELL_UNAVAILABLE', 'down', { progress: 'sent' }))
    },
    restore: String,
  }
  return {
    calibration,
    creation,
    lookups: () => lookups,
    warnings: () => lines.filter(({ level }) => level >= 40).map(({ msg }) => msg),
    isProved: () => calibration.proves(creation),
    create: () => calibration.created(creation, 'made'),
  }
}

test('lookups prove nothing until one finds a created contact', async () => {
  const { isProved, create, lookups, calibration } = calibrate([])
  expect(isProved()).toBe(false)
  create()
  create()
  await vi.advanceTimersByTimeAsync(1000)
  expect([isProved(), lookups()]).toEqual([true, 1])
  expect(calibration.isProved('note')).toBe(false)
})

test('a lookup that lags behind the write is retried once', async () => {
  const { isProved, create, lookups, warnings } = calibrate([false])
  create()
  await vi.advanceTimersByTimeAsync(1000)
  expect(isProved()).toBe(false)
  await vi.advanceTimersByTimeAsync(2000)
  expect([isProved(), lookups(), warnings()]).toEqual([true, 2, []])
})

test('a lookup that finds nothing proves nothing, and the next one runs ten seconds later', async () => {
  const { isProved, create, lookups, warnings } = calibrate([false, false])
  create()
  await vi.advanceTimersByTimeAsync(3000)
  expect([isProved(), lookups(), warnings()]).toEqual([
    false,
    2,
    ['a lookup does not find what was just created'],
  ])
  create()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(lookups()).toBe(2)
  create()
  await vi.advanceTimersByTimeAsync(1000)
  expect([isProved(), lookups()]).toEqual([true, 3])
})

test('a lookup runs every ten minutes, and one that finds nothing ends the proof', async () => {
  const { isProved, create, lookups, warnings } = calibrate([true, false, false])
  create()
  await vi.advanceTimersByTimeAsync(600_000)
  expect([isProved(), lookups()]).toEqual([true, 1])
  await vi.advanceTimersByTimeAsync(1000)
  create()
  await vi.advanceTimersByTimeAsync(3000)
  expect([isProved(), lookups(), warnings()]).toEqual([
    false,
    3,
    ['a lookup did not find what was just created, so lookups prove nothing until one does'],
  ])
})

test('a lookup that fails changes nothing', async () => {
  const { isProved, create, lookups, warnings } = calibrate([true, 'FAILS'])
  create()
  await vi.advanceTimersByTimeAsync(601_000)
  create()
  await vi.advanceTimersByTimeAsync(3000)
  expect([isProved(), lookups(), warnings()]).toEqual([true, 2, []])
})

test('a lookup that finds the contact of an ambiguous attempt is a proof, too', () => {
  const { calibration, creation, isProved } = calibrate([])
  calibration.found(creation)
  expect(isProved()).toBe(true)
})

test('a creation without a lookup is not looked up', async () => {
  const { calibration, creation, lookups } = calibrate([])
  calibration.created({ ...creation, canBeLookedUp: false }, 'made')
  await vi.advanceTimersByTimeAsync(3000)
  expect(lookups()).toBe(0)
})

test('a lookup proves lookups of its kind, and no others', async () => {
  const { calibration, creation, create } = calibrate([])
  create()
  await vi.advanceTimersByTimeAsync(1000)
  expect(calibration.proves(creation)).toBe(true)
  expect(calibration.proves({ ...creation, lookup: 'another channel' })).toBe(false)
  expect(calibration.proves({ ...creation, lookup: null })).toBe(false)
})

test('lookups beyond three hundred prove nothing', () => {
  const { calibration, creation } = calibrate([])
  for (let number = 0; number < 300; number += 1) calibration.found({ ...creation, lookup: `l${number}` })
  calibration.found({ ...creation, lookup: 'one more' })
  expect(calibration.proves({ ...creation, lookup: 'l299' })).toBe(true)
  expect(calibration.proves({ ...creation, lookup: 'one more' })).toBe(false)
})
