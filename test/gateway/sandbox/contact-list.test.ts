import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as account from '../../../src/sandbox/account.ts'
import type { WireContact } from '../../../src/sandbox/wire.ts'
import type { TestSandbox } from '../../support/test-sandbox.ts'
import { least, refused, startTestSandbox } from '../../support/test-sandbox.ts'

const [sales, support] = account.teams

/** The names in a list, and the rest of the reply. */
async function list({ call }: TestSandbox, query = '') {
  const { body } = await call('GET', `/contacts${query}`)
  return { names: body.contacts.map(({ name }: WireContact) => name), meta: body.meta }
}

function addMany({ sandbox }: TestSandbox, count: number): void {
  for (let n = 1; n <= count; n += 1) sandbox.contacts.add({ ...least, name: `${n}` })
}

test('contacts are listed completely, most recent conversation first', async () => {
  const { call, create, sandbox } = await startTestSandbox()
  const [first, second] = [await create({ name: 'First' }), await create({ name: 'Second' })]
  const [john] = sandbox.contacts.all()
  const { status, body } = await call('GET', '/contacts')
  expect({ status, body }).toEqual({
    status: 200,
    body: { contacts: [second, first, john], meta: { page: 1, pages: 1, next: null } },
  })
  await call('POST', `/contacts/${first.uuid}/conversation/note`, { text: 'Back again' })
  expect((await call('GET', '/contacts')).body.contacts).toEqual([first, second, john])
})

test('a page has 20 contacts', async () => {
  const sandbox = await startTestSandbox()
  addMany(sandbox, 40)
  const names = [...Array.from({ length: 40 }, (_, index) => `${40 - index}`), 'John Doe']
  const next = expect.stringMatching(/^[\w-]+$/)
  expect(await list(sandbox)).toEqual({ names: names.slice(0, 20), meta: { page: 1, pages: 3, next } })
  const third = { names: ['John Doe'], meta: { page: 3, pages: 3, next: null } }
  expect(await list(sandbox, '?page=2')).toEqual({
    names: names.slice(20, 40),
    meta: { page: 2, pages: 3, next },
  })
  expect(await list(sandbox, '?page=3')).toEqual(third)
  expect(await list(sandbox, '?page=500')).toEqual({ names: [], meta: { page: 500, pages: 3, next: null } })
  const { meta } = await list(sandbox, '?page=2')
  expect(await list(sandbox, `?after=${meta.next}`)).toEqual(third)
})

test('filters are combined; a contact must have all of the tags, in any case', async () => {
  const sandbox = await startTestSandbox()
  await sandbox.create({ name: 'None' })
  await sandbox.create({ name: 'One', tags: ['VIP'] })
  await sandbox.create({ name: 'Both', tags: ['Newsletter', 'VIP'] })
  await sandbox.create({ name: 'Support', tags: ['VIP', 'Newsletter'], team_uuid: support.uuid })
  await sandbox.create({ name: 'Telegram', source: 'telegram', team_uuid: support.uuid })
  const names = async (query: string): Promise<unknown> => (await list(sandbox, query)).names
  expect(await names('?tags=vip')).toEqual(['Support', 'Both', 'One'])
  expect(await names('?tags=newsletter,VIP')).toEqual(['Support', 'Both'])
  expect(await names(`?tags=newsletter,VIP&team_uuid=${sales.uuid}`)).toEqual(['Both'])
  expect(await names(`?team_uuid=${support.uuid}`)).toEqual(['Telegram', 'Support'])
  expect(await names('?source=telegram')).toEqual(['Telegram'])
  const none = { names: [], meta: { page: 1, pages: 0, next: null } }
  expect(await list(sandbox, '?tags=VIP,unknown')).toEqual(none)
  expect(await list(sandbox, '?tags=')).toEqual(none)
})

test('the types of custom fields are returned if they are requested', async () => {
  const { call, create } = await startTestSandbox()
  await create({ custom_fields: { Age: '42' } })
  const { body } = await call('GET', '/contacts?include_field_types=true')
  expect(body.contacts.map((contact: object) => Object.entries(contact).at(-1))).toEqual([
    ['customFieldsMetadata', { Age: { value: 42, type: 'number' } }],
    ['customFieldsMetadata', {}],
  ])
})

test('a page beyond the limit is refused, and so is an invalid one', async () => {
  const { call } = await startTestSandbox()
  expect(await call('GET', '/contacts?page=501')).toEqual(refused('Pagination limit exceeded'))
  for (const page of ['0', '-1', '1.5', 'one', '']) {
    expect(await call('GET', `/contacts?page=${page}`)).toEqual(refused('Invalid page'))
  }
})

test('a cursor is valid if it is unchanged, with the filters that it was created with', async () => {
  const sandbox = await startTestSandbox()
  for (let n = 0; n < 25; n += 1) await sandbox.create({ tags: ['VIP'] })
  const { meta } = await list(sandbox, '?tags=VIP')
  expect((await list(sandbox, `?tags=VIP&after=${meta.next}`)).names).toHaveLength(5)
  const invalid = refused('Invalid pagination cursor')
  for (const after of ['', 'nonsense', `${meta.next}A`, meta.next.slice(1), meta.next.toLowerCase()]) {
    expect(await sandbox.call('GET', `/contacts?tags=VIP&after=${after}`)).toEqual(invalid)
  }
  for (const filters of ['', 'tags=vip&', 'tags=VIP&source=whatsapp&']) {
    expect(await sandbox.call('GET', `/contacts?${filters}after=${meta.next}`)).toEqual(invalid)
  }
  const both = await sandbox.call('GET', `/contacts?tags=VIP&page=2&after=${meta.next}`)
  expect(both).toEqual(refused('page and after cannot be combined'))
})

/** Changes of the account between two pages. */
type Event = { readonly add: Partial<typeof least> } | { readonly removeAt: number }

const contact = fc.record({
  source: fc.constantFrom('whatsapp', 'telegram'),
  tags: fc.subarray([...account.tags]),
  team_uuid: fc.constantFrom(sales.uuid, support.uuid),
})
const event: fc.Arbitrary<Event> = fc.oneof(
  contact.map((add) => ({ add })),
  fc.nat().map((removeAt) => ({ removeAt })),
)
const query = fc
  .record(
    {
      source: fc.constantFrom('whatsapp', 'telegram'),
      tags: fc.subarray(['vip', 'newsletter', 'Interested'], { minLength: 1, maxLength: 2 }).map(String),
      team_uuid: fc.constantFrom<string>(sales.uuid, support.uuid),
    },
    { requiredKeys: [] },
  )
  .map((filters) => new URLSearchParams(filters))

test('paging shows each lasting contact once and in order, while others are added and removed', async () => {
  const { call, sandbox } = await startTestSandbox()
  const { contacts } = sandbox
  await fc.assert(
    fc.asyncProperty(
      fc.array(contact, { minLength: 30, maxLength: 120 }),
      query,
      fc.array(fc.array(event, { maxLength: 8 }), { minLength: 1, maxLength: 5 }),
      async (initial, filters, events) => {
        for (const { uuid } of contacts.all()) contacts.remove(uuid)
        for (const given of initial) contacts.add({ ...least, ...given })
        const there = contacts.all().toReversed().filter(meets(filters))
        const seen: string[] = []
        for (let page = 0, after: string | null = ''; after !== null && page < 20; page += 1) {
          const { body } = await call('GET', `/contacts?${filters}${after && `&after=${after}`}`)
          seen.push(...body.contacts.map(({ uuid }: WireContact) => uuid))
          for (const happening of events[page % events.length] ?? []) {
            if ('add' in happening) contacts.add({ ...least, ...happening.add })
            else contacts.remove(contacts.all().at(happening.removeAt % contacts.all().length)?.uuid ?? '')
          }
          after = body.meta.next
        }
        const stayed = there.filter(({ uuid }) => contacts.find(uuid)).map(({ uuid }) => uuid)
        expect(new Set(seen).size).toBe(seen.length)
        expect(seen.filter((uuid) => contacts.find(uuid))).toEqual(stayed)
      },
    ),
    { numRuns: 50 },
  )
})

/** The filters again, by their documented rules. */
function meets(filters: URLSearchParams): (contact: WireContact) => boolean {
  const { source, tags, team_uuid: team } = Object.fromEntries(filters)
  return (one) =>
    (source === undefined || source === one.source) &&
    (team === undefined || team === one.team?.uuid) &&
    (tags === undefined ||
      tags.split(',').every((tag) => one.tags.some((own) => own.toLowerCase() === tag.toLowerCase())))
}
