import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore } from '../support/stores.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const uuid = '414a6d692bd645ed803f2e7ce360d4c8'
const document =
  'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { name note assignedUser tags } userErrors { field message code } } }'
const john = { name: 'John Doe', note: null, assignedUser: null, tags: [] }

const other = { uuid: '0123456789abcdef0123456789abcdef', name: 'Somebody else', tags: ['VIP'] }

interface Told {
  contact: { name: string; note: string | null; assignedUser: string | null; tags: string[] } | null
  userErrors: { field: string[] | null; message: string; code: string }[]
}

async function update(gateway: TestGateway, input: object) {
  const { data, errors } = await gateway.execute<{ updateContact: Told | null }, unknown>(document, {
    input: { uuid, ...input },
  })
  return { ...data?.updateContact, error: errors?.[0]?.extensions }
}

function sent({ sandbox }: TestGateway) {
  return sandbox.requests.map(({ method, body }) => (body === undefined ? method : [method, body]))
}

test.each<[object, object, object]>([
  [{ name: 'Jane' }, { name: 'Jane' }, { name: 'Jane' }],
  [{ note: 'new' }, { note: 'new' }, { note: 'new' }],
  [{ note: null }, { note: '' }, { note: null }],
  [
    { assignedUser: 'ada@example.com' },
    { assigned_user: 'ada@example.com' },
    { assignedUser: 'ada@example.com' },
  ],
  [{ assignedUser: null }, { unassign_user: true }, {}],
  [{ tags: ['VIP'] }, { tags: ['VIP'] }, { tags: ['VIP'] }],
  [{ tags: [] }, { tags: [] }, {}],
  [{ customFields: [{ name: 'Age', value: '42' }] }, { custom_fields: { Age: '42' } }, {}],
  [{ name: 'Jane', addTags: [], customFields: [] }, { name: 'Jane' }, { name: 'Jane' }],
  [{ botStatus: 'END' }, { bot_status: 'bot_end' }, {}],
])('%j is one request, and what is left out stays', async (input, body, change) => {
  const gateway = await createTestGateway()
  expect(await update(gateway, input)).toEqual({
    contact: { ...john, ...change },
    userErrors: [],
    error: undefined,
  })
  expect(sent(gateway)).toEqual([['PATCH', body]])
})

test.each<[object, [string, string]]>([
  [{}, ['', 'NOTHING_TO_UPDATE']],
  [{ expectedTags: ['VIP'] }, ['', 'NOTHING_TO_UPDATE']],
  [{ addTags: [] }, ['', 'NOTHING_TO_UPDATE']],
  [{ removeTags: [] }, ['', 'NOTHING_TO_UPDATE']],
  [{ customFields: [] }, ['', 'NOTHING_TO_UPDATE']],
  [{ addTags: [], removeTags: [], customFields: [], expectedTags: [] }, ['', 'NOTHING_TO_UPDATE']],
  [{ name: null }, ['input.name', 'INVALID']],
  [{ tags: null }, ['input.tags', 'INVALID']],
  [{ addTags: null }, ['input.addTags', 'INVALID']],
  [{ removeTags: null }, ['input.removeTags', 'INVALID']],
  [{ customFields: null }, ['input.customFields', 'INVALID']],
  [{ teamUuid: null }, ['input.teamUuid', 'INVALID']],
  [{ botStatus: null }, ['input.botStatus', 'INVALID']],
  [{ name: ' ' }, ['input.name', 'BLANK']],
  [{ note: 'x'.repeat(1001) }, ['input.note', 'TOO_LONG']],
  [{ assignedUser: 'ada' }, ['input.assignedUser', 'INVALID']],
  [{ tags: ['VIP'], addTags: ['VIP'] }, ['input.tags', 'INVALID']],
  [{ addTags: ['VIP'], removeTags: ['Interested', 'VIP'] }, ['input.removeTags.1', 'INVALID']],
  [{ uuid: '..', name: 'Jane' }, ['input.uuid', 'INVALID']],
])('%j is refused before anything is sent', async (input, problem) => {
  const gateway = await createTestGateway()
  const { contact, userErrors } = await update(gateway, input)
  expect(contact).toBeNull()
  expect(userErrors?.map(({ field, code }) => [field?.join('.') ?? '', code])).toEqual([problem])
  expect(gateway.sandbox.requests).toEqual([])
})

test('what Callbell refuses is told by the path of the input', async () => {
  const gateway = await createTestGateway()
  const { userErrors } = await update(gateway, { name: 'Jane', tags: ['VIP', 'none such'] })
  expect(userErrors).toEqual([
    { field: ['input', 'tags'], message: expect.stringContaining('none such'), code: 'REJECTED' },
  ])
})

test('a contact that is not there', async () => {
  const gateway = await createTestGateway()
  for (const input of [{ name: 'Jane' }, { addTags: ['VIP'] }]) {
    const { contact, userErrors } = await update(gateway, { uuid: 'nobody', ...input })
    expect([contact, userErrors?.map(({ field, code }) => [field, code])]).toEqual([
      null,
      [[['input', 'uuid'], 'NOT_FOUND']],
    ])
  }
})

test('tags are added and removed among those that are there', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  const { contact } = await update(gateway, {
    addTags: ['Interested', 'VIP'],
    removeTags: ['Newsletter'],
    name: 'J',
  })
  expect(contact).toEqual({ ...john, name: 'J', tags: ['VIP', 'Interested'] })
  expect(sent(gateway).slice(1)).toEqual([
    'GET',
    ['PATCH', { name: 'J', tags: ['VIP', 'Interested'] }],
    'GET',
  ])
})

test('an update is refused when the tags are others than expected', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  const expected = await update(gateway, { tags: ['Interested'], expectedTags: ['Newsletter', 'VIP'] })
  expect(expected.contact?.tags).toEqual(['Interested'])
  const { contact, userErrors } = await update(gateway, { name: 'Jane', expectedTags: ['VIP'] })
  expect([contact, userErrors]).toEqual([
    null,
    [
      {
        field: ['input', 'expectedTags'],
        message: '`expectedTags` are not the tags that the contact has: ["Interested"].',
        code: 'CONFLICT',
      },
    ],
  ])
  expect(gateway.sandbox.contacts.all()[0]?.name).toBe('John Doe')
})

/** What happens when a request arrives, such as `PATCH 2`, the second of its method; a fault may follow. */
type Events = Record<string, (sandbox: Sandbox) => Fault | undefined | void>

/** A gateway on a Callbell in which things happen. */
async function during(events: Events): Promise<TestGateway> {
  const counts: Record<string, number> = {}
  const gateway: TestGateway = await createTestGateway({
    sandbox: {
      faultOf({ method }) {
        counts[method] = (counts[method] ?? 0) + 1
        const event = events[`${method} ${counts[method]}`] ?? events[method]
        return event?.(gateway.sandbox) ?? undefined
      },
    },
  })
  return gateway
}

/** As many as a request is tried. */
function four(fault: Fault): Fault[] {
  return [fault, fault, fault, fault]
}

function tagsIn({ contacts }: Sandbox): readonly string[] {
  return contacts.find(uuid)?.contact.tags ?? []
}

/** A colleague, or Callbell itself, changes the list. */
function setTags({ contacts }: Sandbox, tags: readonly string[]): void {
  const entry = contacts.find(uuid) ?? expect.unreachable()
  contacts.replace({ ...entry, contact: { ...entry.contact, tags } })
}

const colleague =
  (...tags: string[]) =>
  (sandbox: Sandbox): void =>
    setTags(sandbox, [...tagsIn(sandbox), ...tags])

/** What a Callbell answers that makes something of its own of the tags that it is sent. */
function taking(take: (tags: readonly string[]) => readonly string[], isHidden = false) {
  return (sandbox: Sandbox): Fault => {
    const { body } = sandbox.requests.at(-1) ?? expect.unreachable()
    const { tags: wanted = tagsIn(sandbox), name } = z
      .object({ tags: z.array(z.string()).optional(), name: z.string().optional() })
      .parse(body)
    setTags(sandbox, take(wanted))
    const contact = { ...sandbox.contacts.find(uuid)?.contact, ...(name && { name }) }
    return { status: 200, body: { contact: isHidden ? { ...contact, tags: wanted } : contact } }
  }
}

test('an edit that a colleague overwrites in between is made again, and nothing else is', async () => {
  const gateway = await during({ 'GET 2': (sandbox) => setTags(sandbox, ['Newsletter']) })
  const { contact } = await update(gateway, { addTags: ['VIP'], name: 'Jane', botStatus: 'START' })
  expect(contact).toEqual({ ...john, name: 'Jane', tags: ['Newsletter', 'VIP'] })
  expect(sent(gateway)).toEqual([
    'GET',
    ['PATCH', { tags: ['VIP'], name: 'Jane', bot_status: 'bot_start' }],
    'GET',
    ['PATCH', { tags: ['Newsletter', 'VIP'] }],
    'GET',
  ])
})

test('an edit that colleagues overwrite each time is a conflict', async () => {
  const gateway = await during({
    'GET 2': (sandbox) => setTags(sandbox, ['Newsletter']),
    'GET 3': (sandbox) => setTags(sandbox, ['Interested']),
    'GET 4': (sandbox) => setTags(sandbox, []),
  })
  expect((await update(gateway, { addTags: ['VIP'] })).error).toMatchObject({
    code: 'CONFLICT',
    outcome: 'UNKNOWN',
    retryable: true,
  })
  expect(sent(gateway).filter((request) => request !== 'GET')).toEqual([
    ['PATCH', { tags: ['VIP'] }],
    ['PATCH', { tags: ['Newsletter', 'VIP'] }],
    ['PATCH', { tags: ['Interested', 'VIP'] }],
  ])
})

test.each<[string, Fault, object]>([
  ['a 503', { status: 503 }, { code: 'CALLBELL_UNAVAILABLE', retryable: true }],
  ['a cut', { drop: true }, { code: 'CALLBELL_UNAVAILABLE', retryable: true }],
  ['a 429', { status: 429 }, { code: 'CALLBELL_RATE_LIMITED', retryable: true }],
  ['a 400', { status: 400, body: { error: 'no' } }, { code: 'CALLBELL_REJECTED', retryable: false }],
  ['a 404', { status: 404, body: { error: 'gone' } }, { code: 'CALLBELL_REJECTED', retryable: false }],
  ['a 401', { status: 401, body: { error: 'no' } }, { code: 'CALLBELL_UNAUTHORIZED', retryable: false }],
])('%s in the second round does not say that nothing was changed', async (_what, fault, expected) => {
  const [second, third, fourth, fifth] = [2, 3, 4, 5].map((number) => `PATCH ${number}`)
  const gateway = await during({
    'GET 2': (sandbox) => setTags(sandbox, ['Newsletter']),
    ...Object.fromEntries([second, third, fourth, fifth].map((name) => [name, () => fault])),
  })
  expect(await update(gateway, { addTags: ['VIP'], name: 'Jane' })).toEqual({
    error: expect.objectContaining({ ...expected, outcome: 'UNKNOWN' }),
  })
  expect(gateway.sandbox.contacts.find(uuid)?.contact.name).toBe('Jane')
})

test.each<[string, Fault, object]>([
  ['a 503', { status: 503 }, { code: 'CALLBELL_UNAVAILABLE', retryable: true }],
  ['a 400', { status: 400, body: { error: 'no' } }, { code: 'CALLBELL_REJECTED', retryable: false }],
  ['a 404 of its own', { status: 404, body: { error: 'gone' } }, { code: 'CONFLICT', retryable: false }],
  [
    'tags that can’t be read',
    { status: 200, body: { contact: { uuid, tags: 'VIP' } } },
    { code: 'CALLBELL_INVALID_RESPONSE', retryable: false },
  ],
])('%s to the check leaves the change made', async (_what, fault, expected) => {
  const gateway = await during({
    'PATCH 1': () => gateway.sandbox.failNext(...four({ on: 'GET', ...fault })),
  })
  expect(await update(gateway, { addTags: ['VIP'] })).toEqual({
    error: expect.objectContaining({ ...expected, outcome: 'APPLIED' }),
  })
  expect(tagsIn(gateway.sandbox)).toEqual(['VIP'])
})

test('what is there already is not sent', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  const edit = { addTags: ['VIP'], removeTags: ['Interested'] }
  expect((await update(gateway, edit)).contact?.tags).toEqual(['VIP', 'Newsletter'])
  expect((await update(gateway, { ...edit, name: 'Jane' })).contact?.name).toBe('Jane')
  const expectedTags = ['Newsletter', 'VIP']
  await update(gateway, { tags: expectedTags, expectedTags })
  expect(sent(gateway).slice(1)).toEqual(['GET', 'GET', ['PATCH', { name: 'Jane' }], 'GET'])
})

test.each<[string, Fault]>([
  ['a cut before the work', { drop: true }],
  ['a cut after the work', { drop: true, afterWork: true }],
  ['a 503', { status: 503 }],
  ['a 429', { status: 429 }],
  ['a success that says nothing', { status: 200, body: {}, afterWork: true }],
])('an edit that is sent again after %s keeps what a colleague has added since', async (_what, fault) => {
  const gateway = await during({ 'PATCH 1': () => fault, 'GET 2': colleague('Newsletter') })
  const { contact } = await update(gateway, { addTags: ['VIP'], name: 'Jane' })
  expect([contact?.name, contact?.tags.toSorted()]).toEqual(['Jane', ['Newsletter', 'VIP']])
  expect(tagsIn(gateway.sandbox).toSorted()).toEqual(['Newsletter', 'VIP'])
})

test('a read before an edit is sent again that fails does not make its outcome unknown', async () => {
  const gateway = await during({ 'PATCH 1': () => ({ status: 429 }) })
  gateway.sandbox.failNext({}, ...four({ on: 'GET', status: 503 }))
  expect((await update(gateway, { addTags: ['VIP'] })).error).toMatchObject({
    code: 'CALLBELL_UNAVAILABLE',
    outcome: 'NOT_APPLIED',
    retryable: true,
  })
})

test('a contact that is gone before an edit is sent again', async () => {
  const gone = { 'GET 2': ({ contacts }: Sandbox) => contacts.remove(uuid) }
  const refused = await during({ 'PATCH 1': () => ({ status: 429 }), ...gone })
  expect(await update(refused, { addTags: ['VIP'] })).toMatchObject({
    contact: null,
    userErrors: [{ field: ['input', 'uuid'], code: 'NOT_FOUND' }],
  })
  const ambiguous = await during({ 'PATCH 1': () => ({ drop: true }), ...gone })
  expect((await update(ambiguous, { addTags: ['VIP'] })).error).toMatchObject({
    code: 'CALLBELL_UNAVAILABLE',
    outcome: 'UNKNOWN',
  })
})

test.each<[string, object]>([
  ['a text', { tags: 'VIP' }],
  ['an object', { tags: { VIP: true } }],
  ['a list with something else in it', { tags: ['VIP', { name: 'Newsletter' }] }],
  ['left out', {}],
])('tags that are %s are not edited', async (_what, tagged) => {
  for (const edit of [{ addTags: ['VIP'] }, { removeTags: ['VIP'] }, { tags: [], expectedTags: [] }]) {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext({ status: 200, body: { contact: { uuid, ...tagged } } })
    expect(await update(gateway, { ...edit, name: 'Jane' })).toEqual({
      error: expect.objectContaining({
        code: 'CALLBELL_INVALID_RESPONSE',
        outcome: 'NOT_APPLIED',
        retryable: false,
      }),
    })
    expect(sent(gateway)).toEqual(['GET'])
  }
})

test('tags that are null are none', async () => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext({ status: 200, body: { contact: { uuid, tags: null } } })
  expect((await update(gateway, { addTags: ['VIP'] })).contact?.tags).toEqual(['VIP'])
})

test('with expectedTags, nothing is written a second time', async () => {
  const gateway = await during({ 'GET 2': colleague('Newsletter') })
  expect(await update(gateway, { tags: ['VIP'], expectedTags: [] })).toEqual({
    error: expect.objectContaining({ code: 'CONFLICT', outcome: 'APPLIED', retryable: false }),
  })
  expect(tagsIn(gateway.sandbox)).toEqual(['VIP', 'Newsletter'])
  expect(sent(gateway)).toEqual(['GET', ['PATCH', { tags: ['VIP'] }], 'GET'])
})

test.each<[string, Fault, object]>([
  ['a cut after the work', { drop: true, afterWork: true }, { contact: { tags: ['VIP'], name: 'Jane' } }],
  [
    'a success of another contact, after the work',
    { status: 200, body: { contact: other }, afterWork: true },
    { contact: { tags: ['VIP'], name: 'Jane' } },
  ],
  [
    'a cut before the work',
    { drop: true },
    { error: { code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true, attempts: 1 } },
  ],
  [
    'a success that says nothing',
    { status: 200, body: {} },
    { error: { code: 'CALLBELL_INVALID_RESPONSE', outcome: 'UNKNOWN', retryable: false, attempts: 1 } },
  ],
])('with expectedTags, %s is looked at, and not sent again', async (_what, fault, expected) => {
  const gateway = await during({ 'PATCH 1': () => fault })
  expect(await update(gateway, { tags: ['VIP'], expectedTags: [], name: 'Jane' })).toMatchObject(expected)
  expect(sent(gateway)).toEqual(['GET', ['PATCH', { tags: ['VIP'], name: 'Jane' }], 'GET'])
})

test('with expectedTags, what a colleague did alike is not taken for this update', async () => {
  const gateway = await during({ 'PATCH 1': () => ({ drop: true }), 'GET 2': colleague('VIP') })
  expect((await update(gateway, { tags: ['VIP'], expectedTags: [], name: 'Jane' })).error).toMatchObject({
    outcome: 'UNKNOWN',
  })
})

test('with expectedTags, the tags are compared anew before an update is sent again', async () => {
  const [change, limited] = [{ tags: ['VIP'], expectedTags: [] }, { 'PATCH 1': () => ({ status: 429 }) }]
  const same = await during(limited)
  expect((await update(same, change)).contact?.tags).toEqual(['VIP'])
  const changed = await during({ ...limited, 'GET 2': colleague('Newsletter') })
  expect(await update(changed, change)).toMatchObject({
    contact: null,
    userErrors: [{ field: ['input', 'expectedTags'], code: 'CONFLICT' }],
  })
  expect(sent(changed)).toEqual(['GET', ['PATCH', { tags: ['VIP'] }], 'GET'])
})

test('with expectedTags, tags are sent only where they are to change', async () => {
  const gateway = await during({ 'PATCH 1': colleague('Newsletter') })
  const { contact } = await update(gateway, { name: 'Jane', expectedTags: [] })
  expect(contact).toEqual({ ...john, name: 'Jane', tags: ['Newsletter'] })
  expect(sent(gateway)).toEqual(['GET', ['PATCH', { name: 'Jane' }]])
})

test.each([
  ['changes their case', (tag: string) => tag.toUpperCase()],
  ['trims them', (tag: string) => tag.trim()],
])('an edit is done where Callbell %s', async (_what, take) => {
  const gateway = await during({ PATCH: taking((sentTags) => sentTags.map(take)) })
  const edited = await update(gateway, { addTags: ['Vip ', 'news'] })
  const expected = ['Vip ', 'news'].map(take)
  expect(edited.contact?.tags).toEqual(expected)
  const replaced = await update(gateway, { tags: ['other '], expectedTags: expected })
  expect(replaced.contact?.tags).toEqual(['other '].map(take))
  expect(sent(gateway).filter((request) => request !== 'GET')).toHaveLength(2)
})

const withoutGhost = (sentTags: readonly string[]) => sentTags.filter((tag) => tag !== 'Ghost')

test.each<[string, object, string[]]>([
  ['an edit', { addTags: ['Ghost'] }, ['input', 'addTags', '0']],
  ['a compare-and-set', { tags: ['Ghost'], expectedTags: [] }, ['input', 'tags', '0']],
])('%s whose one tag Callbell drops is refused, and names it', async (_what, change, field) => {
  const gateway = await during({ PATCH: taking(withoutGhost) })
  expect(await update(gateway, change)).toEqual({
    contact: null,
    userErrors: [{ field, message: 'Callbell did not accept the tag "Ghost".', code: 'REJECTED' }],
    error: undefined,
  })
  expect(sent(gateway)).toEqual(['GET', ['PATCH', { tags: ['Ghost'] }], 'GET'])
})

test.each<[string, object]>([
  ['a name', { addTags: ['Ghost'], name: 'Jane' }],
  ['another tag', { addTags: ['VIP', 'Ghost'] }],
  ['a whole list', { tags: ['VIP', 'Ghost'] }],
  ['a whole list that is compared', { tags: ['VIP', 'Ghost'], expectedTags: [] }],
])('a tag that Callbell drops beside %s is named, and the rest is made', async (_what, change) => {
  const gateway = await during({ PATCH: taking(withoutGhost) })
  const { data, errors } = await gateway.execute<object, object>(document, { input: { uuid, ...change } })
  expect([data, errors]).toEqual([
    { updateContact: null },
    [
      expect.objectContaining({
        message:
          'Callbell did not accept the tag "Ghost", but applied all other changes. The change was made.',
        extensions: expect.objectContaining({
          code: 'CALLBELL_REJECTED',
          outcome: 'APPLIED',
          retryable: false,
        }),
      }),
    ],
  ])
})

test('a tag that Callbell answers, and does not keep, is named as well', async () => {
  const gateway = await during({ PATCH: taking(withoutGhost, true) })
  const { errors } = await gateway.execute<object, object>(document, { input: { uuid, addTags: ['Ghost'] } })
  expect(errors).toEqual([
    expect.objectContaining({
      message:
        'After each of 3 writes the contact did not have the tag "Ghost" as written. The change may or may not have been made.',
      extensions: expect.objectContaining({ code: 'CALLBELL_REJECTED', outcome: 'UNKNOWN' }),
    }),
  ])
})

test('a tag that Callbell does not remove is named', async () => {
  const gateway = await during({ PATCH: taking(() => ['VIP']) })
  setTags(gateway.sandbox, ['VIP'])
  expect((await update(gateway, { removeTags: ['VIP'] })).userErrors).toEqual([
    {
      field: ['input', 'removeTags', '0'],
      message: 'Callbell did not remove the tag "VIP".',
      code: 'REJECTED',
    },
  ])
})

test('a tag in another spelling is not removed, and named', async () => {
  const gateway = await createTestGateway()
  await update(gateway, { tags: ['VIP', 'Newsletter'] })
  expect(await update(gateway, { removeTags: ['Newsletter', 'vip'], addTags: ['Interested'] })).toEqual({
    contact: null,
    userErrors: [
      {
        field: ['input', 'removeTags', '1'],
        message: 'The contact has this tag as "VIP". Tags are removed exactly as they are spelled.',
        code: 'CONFLICT',
      },
    ],
    error: undefined,
  })
  expect(tagsIn(gateway.sandbox)).toEqual(['VIP', 'Newsletter'])
  setTags(gateway.sandbox, ['VIP', 'vip'])
  expect((await update(gateway, { removeTags: ['vip'] })).contact?.tags).toEqual(['VIP'])
})

test.each<[string, object, object]>([
  ['alone', {}, { bot_status: 'bot_start' }],
  ['with tags', { tags: ['VIP'] }, { bot_status: 'bot_start', tags: ['VIP'] }],
  ['with an edit', { addTags: ['VIP'] }, { bot_status: 'bot_start', tags: ['VIP'] }],
  [
    'with tags that are compared',
    { tags: ['VIP'], expectedTags: [] },
    { bot_status: 'bot_start', tags: ['VIP'] },
  ],
])('the start of a bot %s is sent again only where it was surely not made', async (_what, change, body) => {
  for (const fault of [
    { status: 500 },
    { drop: true },
    { status: 200, body: {} },
    { status: 404, body: '' },
  ]) {
    const gateway = await during({ 'PATCH 1': () => fault })
    expect(await update(gateway, { botStatus: 'START', ...change })).toEqual({
      error: expect.objectContaining({ outcome: 'UNKNOWN', retryable: false }),
    })
    expect(sent(gateway).filter((request) => request !== 'GET')).toEqual([['PATCH', body]])
  }
  const limited = await during({ 'PATCH 1': () => ({ status: 429 }) })
  expect((await update(limited, { botStatus: 'START', ...change })).error).toBeUndefined()
  expect(sent(limited).filter((request) => request !== 'GET')).toEqual([
    ['PATCH', body],
    ['PATCH', body],
  ])
})

const unavailable: Fault = { on: 'PATCH', status: 500 }

test.each<[string, Fault[], object]>([
  ['a 500, then a success', [unavailable], { contact: { name: 'Jane' } }],
  [
    'a cut connection after the work',
    [{ on: 'PATCH', afterWork: true, drop: true }],
    { contact: { name: 'Jane' } },
  ],
  ['429, then a success', [{ on: 'PATCH', status: 429 }], { contact: { name: 'Jane' } }],
  [
    'four failures',
    [unavailable, unavailable, unavailable, unavailable],
    { error: { code: 'CALLBELL_UNAVAILABLE', outcome: 'UNKNOWN', retryable: true, attempts: 4 } },
  ],
  [
    'a success that can’t be read, then one that can',
    [{ on: 'PATCH', status: 200, body: 'odd', afterWork: true }],
    { contact: { name: 'Jane' } },
  ],
  [
    'a token that is not accepted',
    [{ on: 'PATCH', status: 401, body: { error: 'not authorized' } }],
    { error: { code: 'CALLBELL_UNAUTHORIZED', outcome: 'NOT_APPLIED', retryable: false, attempts: 1 } },
  ],
  [
    'a token that a firewall does not accept',
    [{ on: 'PATCH', status: 401, body: '<html>' }],
    { contact: { name: 'Jane' } },
  ],
])('%s', async (_name, faults, expected) => {
  const gateway = await createTestGateway()
  gateway.sandbox.failNext(...faults)
  expect(await update(gateway, { name: 'Jane' })).toMatchObject(expected)
})

test.each<[string, unknown]>([
  ['no success', { success: false }],
  ['an error', { error: 'try later' }],
  ['a page', '<html>maintenance</html>'],
  ['nothing', ''],
  ['no contact', {}],
  ['another contact', { contact: other }],
])('a success whose body says %s is not believed, and the update is retried', async (_what, body) => {
  const gateway = await createTestGateway()
  const odd: Fault = { on: 'PATCH', status: 200, body }
  gateway.sandbox.failNext(odd)
  expect((await update(gateway, { name: 'Jane' })).contact?.name).toBe('Jane')
  expect(sent(gateway)).toEqual([
    ['PATCH', { name: 'Jane' }],
    ['PATCH', { name: 'Jane' }],
  ])
  gateway.sandbox.failNext(odd, odd, odd, odd)
  const { contact, error } = await update(gateway, { name: 'June' })
  expect([contact, error]).toEqual([
    undefined,
    expect.objectContaining({ code: 'CALLBELL_INVALID_RESPONSE', outcome: 'UNKNOWN', attempts: 4 }),
  ])
})

const tags = ['Called back', 'Interested', 'Newsletter', 'VIP']
const edit = fc.record({ tag: fc.constantFrom(...tags), isAdded: fc.boolean() })

test('no edit of tags is lost, however many are made at a time', { timeout: 180_000 }, async () => {
  const gateway = await createTestGateway({ maxRps: 0, timeoutMs: 20_000, sandbox: { maxRps: 100_000 } })
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(edit, { selector: ({ tag }) => tag, minLength: 2 }), async (edits) => {
      const start = tags.filter((_tag, index) => index % 2 === 0)
      await update(gateway, { tags: start })
      await Promise.all(
        edits.map(({ tag, isAdded }) => update(gateway, { [isAdded ? 'addTags' : 'removeTags']: [tag] })),
      )
      const wanted = new Set(start)
      for (const { tag, isAdded } of edits) wanted[isAdded ? 'add' : 'delete'](tag)
      expect(new Set(gateway.sandbox.contacts.all()[0]?.tags)).toEqual(wanted)
    }),
    { numRuns: 25 },
  )
})

test.runIf(hasRedis)('no edit is lost between replicas that share a Redis', async () => {
  const redis = await startRedis()
  const first = await createTestGateway({ store: await openTestStore(redis.url) })
  const { url } = first.sandbox
  const second = await createTestGateway({ store: await openTestStore(redis.url), url })
  await Promise.all(tags.map((tag, index) => update(index % 2 === 0 ? first : second, { addTags: [tag] })))
  expect(first.sandbox.contacts.all()[0]?.tags.toSorted()).toEqual(tags)
})
