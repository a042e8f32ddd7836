import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ContactFilter, ContactSource } from '../../src/client/documents.ts'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import type { TestGateway, TestGatewayOptions } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const document = `query ($first: Int, $after: String, $filter: ContactFilter) {
  contacts(first: $first, after: $after, filter: $filter) {
    edges { cursor node { uuid } }
    nodes { uuid }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

interface ListVariables {
  readonly first?: number | null
  readonly after?: string | null
  readonly filter?: ContactFilter | null
}

interface ContactList {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly uuid: string } }[]
  readonly nodes: readonly { readonly uuid: string }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/** Without a rate limit: these tests count calls. */
function seeded(seed: number): Promise<TestGateway> {
  return createTestGateway({ maxRps: 0, sandbox: { seed, maxRps: 100_000 } } satisfies TestGatewayOptions)
}

async function list({ execute }: TestGateway, step: ListVariables): Promise<ContactList> {
  const { data, errors } = await execute<{ contacts: ContactList }, ListVariables>(document, step)
  expect(errors).toBeUndefined()
  expect(data?.contacts.nodes).toEqual(data?.contacts.edges.map(({ node }) => node))
  return data?.contacts ?? expect.unreachable()
}

function uuidsOf({ nodes }: ContactList): string[] {
  return nodes.map(({ uuid }) => uuid)
}

/** @returns the uuids of the expected list, most recent conversation first */
function expected({ contacts }: Sandbox, { source, tags, teamUuid }: ContactFilter): string[] {
  return contacts
    .entries()
    .filter(
      ({ contact }) =>
        (!source || contact.source === source.toLowerCase()) &&
        (!teamUuid || contact.team?.uuid === teamUuid) &&
        (tags ?? []).every((tag) => contact.tags.some((other) => other.toLowerCase() === tag.toLowerCase())),
    )
    .toSorted(
      (one, other) => other.activeAt - one.activeAt || (one.contact.uuid < other.contact.uuid ? -1 : 1),
    )
    .map(({ contact }) => contact.uuid)
}

/** @returns the number of pages of 20 that hold a part of the list */
function pagesOf(begin: number, end: number): number {
  return Math.max(1, Math.floor((end - 1) / 20) - Math.floor(begin / 20) + 1)
}

const sources: readonly ContactSource[] = ['WHATSAPP', 'FACEBOOK', 'INSTAGRAM', 'TELEGRAM']
const filters = fc.record(
  {
    source: fc.constantFrom(null, ...sources),
    tags: fc.constantFrom<(string[] | null)[]>(null, [], ['vip'], ['VIP', 'newsletter'], ['nobody has this']),
    teamUuid: fc.constantFrom(null, '5a1e5000000000000000000000000001'),
  },
  { requiredKeys: [] },
)

test(
  'paging with any size shows each contact once and in order, for one call per page of 20',
  { timeout: 240_000 },
  async () => {
    const parameters = fc.record({
      seed: fc.integer({ min: 0, max: 250 }),
      first: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(19, 20, 21, 40)),
      filter: fc.oneof(fc.constant({}), filters),
    })
    await fc.assert(
      fc.asyncProperty(parameters, async ({ seed, first, filter }) => {
        const gateway = await seeded(seed)
        const whole = expected(gateway.sandbox, filter)
        const shown: string[] = []
        let after: string | null = null
        for (let hasNextPage = true; hasNextPage;) {
          const before = gateway.sandbox.requests.length
          const part: ContactList = await list(gateway, { first, after, filter })
          const calls = gateway.sandbox.requests.length - before
          expect(calls).toBe(pagesOf(shown.length, Math.min(whole.length, shown.length + first)))
          expect(part.pageInfo).toEqual({
            hasNextPage: shown.length + first < whole.length,
            hasPreviousPage: after !== null,
            startCursor: part.edges[0]?.cursor ?? null,
            endCursor: part.edges.at(-1)?.cursor ?? null,
          })
          shown.push(...uuidsOf(part))
          hasNextPage = part.pageInfo.hasNextPage
          after = part.pageInfo.endCursor
        }
        expect(shown).toEqual(whole)
      }),
      { numRuns: 25 },
    )
  },
)

test.each<[ListVariables, number]>([
  [{}, 1],
  [{ first: null }, 1],
  [{ first: 10 }, 1],
  [{ first: 40 }, 2],
  [{ first: 100 }, 5],
])('%j takes one call per page of 20: %i', async (step, calls) => {
  const gateway = await seeded(150)
  expect((await list(gateway, step)).edges).toHaveLength(step.first ?? 20)
  expect(gateway.sandbox.requests).toHaveLength(calls)
})

test('the list continues after any of its cursors, in another process too', async () => {
  const one = await seeded(60)
  const { edges } = await list(one, { first: 61 })
  const other = await seeded(60)
  const whole = edges.map(({ node }) => node.uuid)
  for (const [index, { cursor }] of edges.entries()) {
    expect(uuidsOf(await list(other, { first: 3, after: cursor }))).toEqual(whole.slice(index + 1, index + 4))
  }
})

test('contacts that are added between two pages hide no other', async () => {
  const gateway = await seeded(60)
  const { pageInfo } = await list(gateway, { first: 10 })
  const rest = expected(gateway.sandbox, {}).slice(10)
  for (const identifier of ['1', '2', '3']) {
    gateway.sandbox.contacts.add({ identifier, source: 'whatsapp', name: 'New' })
  }
  expect(uuidsOf(await list(gateway, { first: 100, after: pageInfo.endCursor }))).toEqual(rest)
})

test('after the contact of the cursor is removed, the list continues at its position', async () => {
  const gateway = await seeded(60)
  const part = await list(gateway, { first: 10 })
  const rest = expected(gateway.sandbox, {}).slice(10)
  gateway.sandbox.contacts.remove(uuidsOf(part).at(-1) ?? '')
  const next = await list(gateway, { first: 100, after: part.pageInfo.endCursor })
  expect(uuidsOf(next)).toEqual(rest)
})

test('a failed third page fails the whole list', async () => {
  const { execute, sandbox } = await seeded(100)
  sandbox.failNext({}, {}, { status: 401, body: { error: 'not authorized' } })
  expect(await execute(document, { first: 100 })).toMatchObject({
    data: { contacts: null },
    errors: [{ path: ['contacts'], extensions: { code: 'CALLBELL_UNAUTHORIZED' } }],
  })
  expect(sandbox.requests).toHaveLength(3)
})

test('a page with a transient failure is retried', async () => {
  const gateway = await seeded(100)
  gateway.sandbox.failNext({}, { status: 502 })
  expect((await list(gateway, { first: 60 })).edges).toHaveLength(60)
  expect(gateway.sandbox.requests).toHaveLength(4)
})

test('after incomplete pages the list continues, with a bounded number of calls', async () => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext(
    page('a', 'n1'),
    page(null, 'n2'),
    page(null, 'n3'),
    page(null, 'n4'),
    page('b', null),
  )
  const first = await list(gateway, {})
  const second = await list(gateway, { after: first.pageInfo.endCursor })
  const third = await list(gateway, { after: second.pageInfo.endCursor })
  expect([first, second, third].map(uuidsOf)).toEqual([['a'], [], ['b']])
  expect([first, second, third].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, false])
  expect(gateway.sandbox.requests).toHaveLength(5)
})

/** A page of Callbell's with at most one contact. */
function page(uuid: string | null, next: string | null): Fault {
  return { status: 200, body: { contacts: uuid === null ? [] : [{ uuid }], meta: { next } } }
}

test('a cursor that is a number is followed', async () => {
  const gateway = await createTestGateway()
  const pages = [2, '3', ''].map((next, index): Fault => {
    const body = { contacts: [{ uuid: `u${index}` }], meta: { page: 1, pages: 3, next } }
    return { status: 200, body }
  })
  gateway.sandbox.failNext(...pages)
  expect(uuidsOf(await list(gateway, { first: 60 }))).toEqual(['u0', 'u1', 'u2'])
  const asked = gateway.sandbox.requests.map(({ path }) => path)
  expect(asked).toEqual(['/v1/contacts', '/v1/contacts?after=2', '/v1/contacts?after=3'])
})

/** The `meta` of each page, and the logged reason. */
test.each<[string, unknown[], string]>([
  ...[-1, 1.5, true, {}, [], 'x'.repeat(4097), '\ud800'].map((next): [string, unknown[], string] => [
    `next: ${JSON.stringify(next).slice(0, 9)}`,
    [{ next }],
    'UNREADABLE_META',
  ]),
  ['pages: true', [{ pages: true, next: null }], 'UNREADABLE_META'],
  ['meta: "none"', ['none'], 'UNREADABLE_META'],
  ['the same cursor again', [{ next: 'a' }, { next: 'a' }], 'REPEATED_CURSOR'],
])('%s fails the list instead of shortening it', async (_what, metas, failure) => {
  const { execute, sandbox, log } = await createTestGateway()
  sandbox.failNext(
    ...metas.map((meta): Fault => ({ status: 200, body: { contacts: [{ uuid: 'u' }], meta } })),
  )
  expect(await execute(document, { first: 60 })).toMatchObject({
    data: { contacts: null },
    errors: [{ path: ['contacts'], extensions: { code: 'CALLBELL_INVALID_RESPONSE' } }],
  })
  expect(sandbox.requests).toHaveLength(metas.length)
  const reason = `the answer did not decode: ${failure}`
  expect(log).toMatchObject([{ fields: [{ field: 'contacts', failure: { reason } }] }])
})

const malformed = '`after` is not a valid cursor. Pass an `endCursor` back unchanged.'

test.each<[string, ListVariables, string]>([
  ['first: 0', { first: 0 }, '`first` must be from 1 to 100, but is 0.'],
  ['first: -1', { first: -1 }, '`first` must be from 1 to 100, but is -1.'],
  ['first: 101', { first: 101 }, '`first` must be from 1 to 100, but is 101.'],
  ['an empty cursor', { after: '' }, malformed],
  ['an invalid cursor', { after: 'x' }, malformed],
  ['JSON that is not a cursor', { after: Buffer.from('{"place":1}').toString('base64url') }, malformed],
  ['a comma', { filter: { tags: ['a,b'] } }, '`filter.tags` cannot contain commas.'],
  ['a blank tag', { filter: { tags: [' '] } }, '`filter.tags.0` must not be blank.'],
  [
    'a lone surrogate',
    { filter: { teamUuid: '\ud800' } },
    '`filter.teamUuid` must not contain control characters or broken Unicode.',
  ],
])('a list with %s is refused without a request', async (_what, step, message) => {
  const { execute, sandbox } = await seeded(0)
  expect(await execute(document, step)).toMatchObject({
    data: { contacts: null },
    errors: [{ message, extensions: { code: 'BAD_USER_INPUT', retryable: false } }],
  })
  expect(sandbox.requests).toEqual([])
})

test('a cursor is refused with another filter', async () => {
  const gateway = await seeded(60)
  const { pageInfo } = await list(gateway, {})
  const { errors } = await gateway.execute(document, {
    after: pageInfo.endCursor,
    filter: { source: 'WHATSAPP' },
  })
  expect(errors).toMatchObject([
    {
      message:
        '`after` belongs to a different list. Use it with the same filter or contact that it was returned for.',
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ])
  expect(gateway.sandbox.requests).toHaveLength(1)
})

test('a cursor that Callbell rejects is BAD_USER_INPUT', async () => {
  const gateway = await seeded(60)
  const { pageInfo } = await list(gateway, {})
  gateway.sandbox.failNext({ status: 400, body: { error: 'Invalid pagination cursor' } })
  const { errors } = await gateway.execute(document, { after: pageInfo.endCursor })
  expect(errors).toMatchObject([
    {
      message: 'Callbell no longer accepts the cursor `after`. Read the list from its beginning.',
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ])
})
