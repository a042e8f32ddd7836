/** The soak's judge: it must see what it is there to see. */
import { expect, test } from 'vitest'
import type { Outcome } from './bench/soak/verdict.ts'
import { judge } from './bench/soak/verdict.ts'

const clean = {
  totals: { CREATED: 0, APPLIED: 0, NOT_APPLIED: 0, UNKNOWN: 0, GAVE_UP: 0 },
  unknownButMade: 0,
  lost: [],
  doubled: [],
  mistaken: [],
  denied: [],
  isKept: true,
}

const created = { told: 'CREATED', uuid: 'a' } as const

test.each<[string, Outcome, readonly string[], object]>([
  ['created, and there', created, ['a'], {}],
  ['created, and not there', created, [], { lost: [0], isKept: false }],
  ['created, and there twice', created, ['a', 'b'], { doubled: [0], isKept: false }],
  ['created, and there under another uuid', created, ['b'], { mistaken: [0], isKept: false }],
  ['applied, and there', { told: 'APPLIED' }, ['a'], {}],
  ['applied, and not there', { told: 'APPLIED' }, [], { lost: [0], isKept: false }],
  ['not applied, and not there', { told: 'NOT_APPLIED' }, [], {}],
  ['not applied, and there', { told: 'NOT_APPLIED' }, ['a'], { denied: [0], isKept: false }],
  ['unknown, and not there', { told: 'UNKNOWN' }, [], {}],
  ['unknown, and there', { told: 'UNKNOWN' }, ['a'], { unknownButMade: 1 }],
  [
    'unknown, and there twice',
    { told: 'UNKNOWN' },
    ['a', 'b'],
    { unknownButMade: 1, doubled: [0], isKept: false },
  ],
  ['given up, and there', { told: 'GAVE_UP' }, ['a'], { unknownButMade: 1 }],
])('%s', (_what, outcome, uuids, expected) => {
  const made = uuids.map((uuid) => [0, uuid] as const)
  const totals = { ...clean.totals, [outcome.told]: 1 }
  expect(judge([outcome], made)).toEqual({ ...clean, totals, ...expected })
})
