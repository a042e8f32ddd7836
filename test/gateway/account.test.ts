import { expect, test } from 'vitest'
import * as account from '../../src/sandbox/account.ts'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { createTestGateway } from '../support/test-gateway.ts'

test('teams, channels and funnels take one call each', async () => {
  const { execute, sandbox } = await createTestGateway()
  const { data, errors } = await execute(`{
    teams { uuid name createdAt default memberCount }
    channels { uuid title type main discardedAt }
    funnels { uuid name position emoji createdAt }
  }`)
  expect(errors).toBeUndefined()
  expect(data).toEqual({
    teams: account.teams.map(({ members, ...team }) => ({ ...team, memberCount: members })),
    channels: account.channels,
    // Callbell has another time format here.
    funnels: account.funnels.map((funnel) => ({
      ...funnel,
      createdAt: expect.stringMatching(/T.*\+01:00$/),
    })),
  })
  expect(sandbox.requests.map(({ path }) => path).toSorted()).toEqual([
    '/v1/channels',
    '/v1/funnels',
    '/v1/teams',
  ])
})

test('a failed list is null with an error, and never empty', async () => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext({ status: 402, body: { error: 'payment required' } })
  const { data, errors } = await execute('{ teams { uuid } }')
  expect(data).toEqual({ teams: null })
  expect(errors).toMatchObject([{ path: ['teams'], extensions: { code: 'CALLBELL_PAYMENT_REQUIRED' } }])
})

const lists = ['teams', 'channels', 'funnels'] as const

/** A page with one item. */
function page(key: string, uuid: string, meta: unknown): Fault {
  return { on: 'GET', status: 200, body: { [key]: [{ uuid }], meta } }
}

function paths(key: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `/v1/${key}${index === 0 ? '' : `?page=${index + 1}`}`)
}

/** The `meta` of each page. */
test.each<[string, unknown[]]>([
  ['pages: 3', [{ pages: 3 }, { pages: 3 }, { pages: 3 }]],
  ['pages: "3"', [{ pages: '3' }, { pages: '3' }, { pages: '3' }]],
  ['pages that become more', [{ pages: 2 }, { pages: 3 }, { pages: 3 }]],
  [
    'pages, and cursors',
    [
      { pages: 3, next: 'a' },
      { pages: 3, next: 'b' },
      { pages: 3, next: null },
    ],
  ],
  ['next: 2', [{ next: 2 }, { next: 3 }, { next: null }]],
  ['next: "2"', [{ pages: 1, next: '2' }, { next: '3' }, {}]],
  ['no further page', [{ pages: 0, next: null }]],
  ['nothing', [null]],
])('%s is followed to the last page', async (_what, metas) => {
  for (const key of lists) {
    const { execute, sandbox } = await createTestGateway()
    sandbox.failNext(...metas.map((meta, index) => page(key, `u${index}`, meta)))
    expect(await execute(`{${key}{uuid}}`)).toEqual({
      data: { [key]: metas.map((_meta, index) => ({ uuid: `u${index}` })) },
    })
    expect(sandbox.requests.map(({ path }) => path)).toEqual(paths(key, metas.length))
  }
})

const unreadable = 'the answer did not decode: UNREADABLE_META'
const unknownNext = 'the answer did not decode: UNKNOWN_NEXT_PAGE'
const tooMany = (count: string): string => `the list has at least ${count} pages; the limit is 50`

/** The `meta` of each page, and the logged reason. */
test.each<[string, unknown[], string]>([
  ...[-1, 1.5, 1e16, true, false, {}, [], '', 'x', '-1', '1.5', '1e9'].map(
    (pages): [string, unknown[], string] => [`pages: ${JSON.stringify(pages)}`, [{ pages }], unreadable],
  ),
  ...[-1, 1.5, 1e16, true, false, {}, [], 'x'.repeat(4097), '\ud800'].map(
    (next): [string, unknown[], string] => [
      `next: ${JSON.stringify(next).slice(0, 9)}`,
      [{ next }],
      unreadable,
    ],
  ),
  ['a meta that is a string', ['pages: 2'], unreadable],
  ['a meta that is a list', [[{ pages: 2 }]], unreadable],
  ['a cursor that is not a number', [{ next: 'abc' }], unknownNext],
  ['a cursor behind the last page', [{ pages: 2 }, { pages: 2, next: 'abc' }], unknownNext],
  ['a next page that is this one', [{ next: 2 }, { next: 2 }], unknownNext],
  ['a next page that is the one after', [{ next: 3 }], unknownNext],
  ['pages: 1e9', [{ pages: 1e9 }], tooMany('1,000,000,000')],
  ['pages: "51"', [{ pages: '51' }], tooMany('51')],
  ['pages that become too many', [{ pages: 2 }, { pages: 51 }], tooMany('51')],
])('%s fails the list instead of shortening it', async (_what, metas, reason) => {
  for (const key of lists) {
    const { execute, sandbox, log } = await createTestGateway()
    sandbox.failNext(...metas.map((meta, index) => page(key, `u${index}`, meta)))
    const { data, errors } = await execute(`{${key}{uuid}}`)
    expect([data, errors?.map(({ extensions }) => extensions?.['code'])]).toEqual([
      { [key]: null },
      ['CALLBELL_INVALID_RESPONSE'],
    ])
    expect(sandbox.requests.map(({ path }) => path)).toEqual(paths(key, metas.length))
    expect(log).toMatchObject([{ level: 'warn', fields: [{ field: key, failure: { reason } }] }])
  }
})

test('an endless list fails after 50 pages', async () => {
  const { execute, sandbox, log } = await createTestGateway()
  sandbox.failNext(...Array.from({ length: 60 }, (_, index) => page('teams', 'u', { next: index + 2 })))
  expect(await execute('{teams{uuid}}')).toMatchObject({
    data: { teams: null },
    errors: [{ path: ['teams'] }],
  })
  expect(sandbox.requests).toHaveLength(50)
  expect(log).toMatchObject([
    { fields: [{ code: 'CALLBELL_INVALID_RESPONSE', failure: { reason: tooMany('51') } }] },
  ])
})
