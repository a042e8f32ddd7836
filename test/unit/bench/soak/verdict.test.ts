/** The verdict of the soak: it finds every loss, double and false report. */
import { expect, test } from 'vitest'
import type { Outcome } from '../../../bench/soak/verdict.ts'
import { judge } from '../../../bench/soak/verdict.ts'

const clean = {
  totals: { CREATED: 0, APPLIED: 0, NOT_APPLIED: 0, UNKNOWN: 0, GAVE_UP: 0 },
  unknownButMade: 0,
  unsettled: [],
  lost: [],
  doubled: [],
  doubledByLoss: [],
  wrongUuid: [],
  anothers: [],
  denied: [],
  isKept: true,
}

const created = { reported: 'CREATED', uuid: 'a', isKeyed: true } as const
const applied = { reported: 'APPLIED', isKeyed: true } as const
const notApplied = { reported: 'NOT_APPLIED', isKeyed: true } as const
const unknown = { reported: 'UNKNOWN', isKeyed: false } as const
const unknownKey = { reported: 'UNKNOWN', isKeyed: true } as const
const gaveUp = { reported: 'GAVE_UP', isKeyed: true } as const
const doubled = { doubled: [0], isKept: false }

test.each<[string, Outcome, readonly string[], object]>([
  ['created, and there', created, ['a'], {}],
  ['created, and not there', created, [], { lost: [0], isKept: false }],
  ['created, and there twice', created, ['a', 'b'], doubled],
  ['created, and there twice, the second reported', created, ['b', 'a'], doubled],
  ['created, and there under another uuid', created, ['b'], { wrongUuid: [0], isKept: false }],
  [
    'created, and there twice under other uuids',
    created,
    ['b', 'c'],
    { wrongUuid: [0], doubled: [0], isKept: false },
  ],
  ['applied, and there', applied, ['a'], {}],
  ['applied, and not there', applied, [], { lost: [0], isKept: false }],
  ['not applied, and not there', notApplied, [], {}],
  ['not applied, and there', notApplied, ['a'], { denied: [0], isKept: false }],
  ['not applied, and there twice', notApplied, ['a', 'b'], { ...doubled, denied: [0] }],
  ['unknown, and not there', unknown, [], {}],
  ['unknown, and there', unknown, ['a'], { unknownButMade: 1 }],
  ['unknown, and there twice', unknown, ['a', 'b'], { ...doubled, unknownButMade: 1 }],
  ['unknown with a key, and not there', unknownKey, [], { unsettled: [0] }],
  ['unknown with a key, and there', unknownKey, ['a'], { unsettled: [0] }],
  ['given up, and there', gaveUp, ['a'], { unsettled: [0] }],
  ['given up, and there twice', gaveUp, ['a', 'b'], { ...doubled, unsettled: [0] }],
  ['given up without a key, and there', { ...gaveUp, isKeyed: false }, ['a'], { unknownButMade: 1 }],
  ['its key lost, and there once', { ...created, isForgotten: true }, ['a'], {}],
  ['its key lost, and there twice', { ...created, isForgotten: true }, ['a', 'b'], { doubledByLoss: [0] }],
  ['its key lost, and not there', { ...created, isForgotten: true }, [], { lost: [0], isKept: false }],
  ['its key not lost, and there twice', { ...created, isForgotten: false }, ['a', 'b'], doubled],
])('the verdict on a create that was %s', (_what, outcome, uuids, expected) => {
  const made = uuids.map((uuid) => [0, uuid] as const)
  const totals = { ...clean.totals, [outcome.reported]: 1 }
  expect(judge([outcome], made)).toEqual({ ...clean, totals, ...expected })
})

test('two creates with the uuid of one contact are found', () => {
  const totals = { ...clean.totals, CREATED: 2 }
  // The second contact exists, with a uuid that was never reported.
  expect(
    judge(
      [created, created],
      [
        [0, 'a'],
        [1, 'b'],
      ],
    ),
  ).toEqual({ ...clean, totals, anothers: [1], isKept: false })
  // The second contact does not exist.
  expect(judge([created, created], [[0, 'a']])).toEqual({
    ...clean,
    totals,
    anothers: [1],
    lost: [1],
    isKept: false,
  })
  // The contact belongs to a create that is doubled.
  expect(
    judge(
      [created, created],
      [
        [0, 'a'],
        [0, 'c'],
        [1, 'b'],
      ],
    ),
  ).toEqual({
    ...clean,
    totals,
    doubled: [0],
    anothers: [1],
    isKept: false,
  })
})
