import { expect, test } from 'vitest'
import { ContactByPhoneDocument, ContactDocument, CreateContactDocument } from '../../src/client/documents.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { startStopwatch } from '../support/stopwatch.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const john = '414a6d692bd645ed803f2e7ce360d4c8'

test('a contact is found by its uuid', async () => {
  const { execute, sandbox } = await createTestGateway()
  const { data } = await execute(ContactDocument, { uuid: john })
  expect(data?.contact).toMatchObject({ id: john, uuid: john, name: 'John Doe', source: 'WHATSAPP' })
  expect(sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `GET /v1/contacts/${john}`,
  ])
})

test('a contact is found by its phone number', async () => {
  const { execute, sandbox } = await createTestGateway()
  const { data } = await execute(ContactByPhoneDocument, { phoneNumber: '123456789' })
  expect(data?.contactByPhone).toMatchObject({ uuid: john, channel: { title: 'WhatsApp Milano' } })
  expect(sandbox.requests.map(({ path }) => path)).toEqual(['/v1/contacts/phone/123456789'])
})

test('a phone number is looked up on the given channel', async () => {
  const { execute, sandbox } = await createTestGateway()
  const channelUuid = 'c4a00000000000000000000000000002'
  const input = { identifier: '+39 06 1', source: 'WHATSAPP', name: 'Roma', channelUuid } as const
  await execute(CreateContactDocument, { input })
  const there = await execute(ContactByPhoneDocument, { phoneNumber: '+39 06 1', channelUuid })
  expect(there.data?.contactByPhone?.name).toBe('Roma')
  const elsewhere = await execute(ContactByPhoneDocument, { phoneNumber: '+39 06 1', channelUuid: null })
  expect(elsewhere).toEqual({ data: { contactByPhone: null } })
  expect(sandbox.requests.slice(1).map(({ path }) => path)).toEqual([
    `/v1/contacts/phone/%2B39%2006%201?channel_uuid=${channelUuid}`,
    '/v1/contacts/phone/%2B39%2006%201',
  ])
})

test('a contact is found by its business-scoped user id', async () => {
  const { execute, sandbox } = await createTestGateway({ sandbox: { seed: 50 } })
  const { uuid, bsuid } = sandbox.contacts.all().find((contact) => contact.bsuid) ?? expect.unreachable()
  const document = 'query ($bsuid: String!) { contactByBsuid(bsuid: $bsuid) { uuid } }'
  expect(await execute(document, { bsuid })).toEqual({ data: { contactByBsuid: { uuid } } })
  expect(await execute(document, { bsuid: 'nobody’s' })).toEqual({ data: { contactByBsuid: null } })
  expect(await execute(document, { bsuid: '..' })).toMatchObject({
    errors: [{ message: '`bsuid` is not a valid id.' }],
  })
  expect(sandbox.requests).toHaveLength(2)
})

test('a created contact can be read', async () => {
  const { execute } = await createTestGateway()
  const input = { identifier: '+39 02 1', source: 'WHATSAPP', name: 'Ünïcødé  “quoted” 😀' } as const
  const created = await execute(CreateContactDocument, { input })
  const uuid = created.data?.createContact?.contact?.uuid ?? ''
  const { data } = await execute(ContactDocument, { uuid })
  expect(data?.contact).toMatchObject({ uuid, name: input.name, phoneNumber: input.identifier })
})

test('the length of an identifier is counted in code points', async () => {
  const { execute, sandbox } = await createTestGateway()
  expect(await execute(ContactDocument, { uuid: '😀'.repeat(255) })).toEqual({ data: { contact: null } })
  expect(await execute(ContactDocument, { uuid: '😀'.repeat(256) })).toMatchObject({
    errors: [{ message: '`uuid` has 256 characters; the limit is 255.' }],
  })
  expect(sandbox.requests).toHaveLength(1)
})

test('a message that quotes a long value is cut between code points', async () => {
  const { execute } = await createTestGateway()
  const document =
    'query ($source: ContactSource) { contacts(filter: { source: $source }) { nodes { uuid } } }'
  const { errors } = await execute(document, { source: '😀'.repeat(500) })
  const message = errors?.[0]?.message ?? ''
  expect(message).toMatch(/^Variable "\$source" got invalid value "😀{250,}…$/u)
  expect(Array.from(message)).toHaveLength(300)
})

test.each([
  ['429', { status: 429 }],
  ['500', { status: 500 }],
  ['503 with a Retry-After', { status: 503, headers: { 'retry-after': '0' } }],
  ['a broken connection', { drop: true }],
  ['a 404 of a proxy', { status: 404, body: '<html>not found</html>' }],
  ['a 404 without a body', { status: 404, body: '' }],
  ['a 403 of a firewall', { status: 403, body: '<html>forbidden</html>' }],
  ['a 410', { status: 410, body: { error: 'gone' } }],
  ['a success that is HTML', { status: 200, body: '<html>maintenance</html>' }],
  ['a success with `success: false`', { status: 200, body: { success: false } }],
  ['a success with an error', { status: 200, body: { error: 'try later', contact: null } }],
  ['another contact', { status: 200, body: { contact: { uuid: 'b', name: 'B' } } }],
])('a read is retried after %s', async (_what, fault) => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext(fault, fault, fault)
  expect(await execute(ContactDocument, { uuid: john })).toHaveProperty('data.contact.uuid', john)
  expect(sandbox.requests).toHaveLength(4)
})

test.each([
  ['a 404', { status: 404, body: { error: 'not found' } }],
  ['a contact that is null', { status: 200, body: { contact: null } }],
  ['an empty list', { status: 200, body: { contact: [] } }],
])('%s is null without an error', async (_what, fault) => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext(fault, fault)
  expect(await execute(ContactDocument, { uuid: 'u' })).toEqual({ data: { contact: null } })
  expect(await execute(ContactByPhoneDocument, { phoneNumber: '1' })).toEqual({
    data: { contactByPhone: null },
  })
})

test.each([
  ['the HTML of a proxy', { status: 404, body: '<html>not found</html>' }],
  ['empty', { status: 404, body: '' }],
  ['JSON without an error', { status: 404, body: { message: 'no route' } }],
])('a 404 that is %s is not taken for a missing contact', async (_what, fault) => {
  const { execute, sandbox } = await createTestGateway()
  for (const document of [
    `{ contact(uuid: "${john}") { uuid } }`,
    '{ contactByPhone(phoneNumber: "123456789") { uuid } }',
  ]) {
    sandbox.failNext(fault, fault, fault, fault)
    expect(await execute(document)).toMatchObject({
      errors: [{ extensions: { code: 'CALLBELL_INVALID_RESPONSE', retryable: true } }],
    })
  }
  expect(sandbox.requests).toHaveLength(8)
})

/** The query, the contact of the response, and whether it is accepted as the requested one. */
test.each<[string, string, object, boolean]>([
  ['uuid', '{ contact(uuid: "ABC1") { uuid } }', { uuid: 'abc1' }, true],
  ['other uuid', '{ contact(uuid: "abc1") { uuid } }', { uuid: 'abc2' }, false],
  [
    'number in another format',
    '{ contactByPhone(phoneNumber: "+39 333 123 4567") { uuid } }',
    { phoneNumber: '3331234567' },
    true,
  ],
  ['number omitted', '{ contactByPhone(phoneNumber: "+39 333 123 4567") { uuid } }', {}, true],
  [
    'number too short to be compared',
    '{ contactByPhone(phoneNumber: "12345") { uuid } }',
    { phoneNumber: '393331234567' },
    true,
  ],
  [
    'other number',
    '{ contactByPhone(phoneNumber: "+39 333 123 4567") { uuid } }',
    { phoneNumber: '393331234568' },
    false,
  ],
  ['bsuid', '{ contactByBsuid(bsuid: "IT.1") { uuid } }', { bsuid: 'IT.1' }, true],
  ['bsuid omitted', '{ contactByBsuid(bsuid: "IT.1") { uuid } }', {}, true],
  ['other bsuid', '{ contactByBsuid(bsuid: "IT.1") { uuid } }', { bsuid: 'IT.2' }, false],
])(
  'a response with the %s is accepted, or retried as another contact’s',
  async (_what, document, keys, isAccepted) => {
    const { execute, sandbox } = await createTestGateway()
    const fault = { status: 200, body: { contact: { uuid: 'abc1', ...keys } } }
    sandbox.failNext(fault, fault, fault, fault)
    const { data, errors } = await execute<Record<string, object | null>, object>(document)
    const expected = isAccepted ? [{ uuid: 'abc1' }, undefined, 1] : [null, 'CALLBELL_INVALID_RESPONSE', 4]
    expect([
      ...Object.values(data ?? {}),
      errors?.[0]?.extensions?.['code'],
      sandbox.requests.length,
    ]).toEqual(expected)
  },
)

test('a read is retried after an incomplete success', async () => {
  const contact = JSON.stringify({ contact: { uuid: john } })
  const upstream = await startRawUpstream((socket, number) => {
    if (number === 0) socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${contact.length}\r\n\r\n{"con`)
    else socket.end(httpAnswer('200 OK', contact))
  })
  const { execute } = await createTestGateway({ url: upstream.url })
  expect(await execute(`{ contact(uuid: "${john}") { uuid } }`)).toEqual({
    data: { contact: { uuid: john } },
  })
  expect(upstream.requests).toHaveLength(2)
})

test('a read without a response leaves time for a retry', async () => {
  const { execute, sandbox } = await createTestGateway({ timeoutMs: 4000 })
  sandbox.failNext({ delayMs: 60_000 })
  expect(await execute(ContactDocument, { uuid: john })).toHaveProperty('data.contact.uuid', john)
  expect(sandbox.requests).toHaveLength(2)
})

test('fields that wait for each other have one deadline', async () => {
  const timeoutMs = 2000
  const isLost = { phone: true, uuid: true }
  const { execute, sandbox } = await createTestGateway({
    timeoutMs,
    sandbox: {
      faultOf: ({ path }) =>
        isLost[path.includes('phone') ? 'phone' : 'uuid'] ? { delayMs: 60_000 } : undefined,
    },
  })
  const document = `{ a: contactByPhone(phoneNumber: "123456789") { uuid } b: contact(uuid: "${john}") { uuid } }`
  const stopwatch = startStopwatch()
  const both = await execute(document)
  stopwatch.stop()
  // It would take twice as long if the second field had its own deadline after the first.
  expect(stopwatch.elapsedMs()).toBeLessThan(1.8 * timeoutMs)
  const failures = both.errors?.map(({ path, extensions }) =>
    [path?.join('.'), extensions?.['code']].join(' '),
  )
  expect(failures?.toSorted()).toEqual(['a CALLBELL_TIMEOUT', 'b CALLBELL_TIMEOUT'])
  isLost.uuid = false
  const before = sandbox.requests.length
  expect(await execute(document)).toMatchObject({
    data: { a: null, b: { uuid: john } },
    errors: [{ path: ['a'], extensions: { code: 'CALLBELL_TIMEOUT' } }],
  })
  // It does not wait for the last retry of the other field.
  const paths = sandbox.requests.slice(before).map(({ path }) => path)
  expect(paths.indexOf(`/v1/contacts/${john}`)).toBe(1)
  expect(paths.length).toBeGreaterThan(2)
})

test.each([
  ['', '`uuid` must not be blank.'],
  [' ', '`uuid` must not be blank.'],
  ['..', '`uuid` is not a valid id.'],
  ['a\u0000', '`uuid` must not contain control characters or broken Unicode.'],
  ['\ud800', '`uuid` must not contain control characters or broken Unicode.'],
])('the invalid uuid %j is refused without a request', async (uuid, message) => {
  const { execute, sandbox } = await createTestGateway()
  const { errors } = await execute(ContactDocument, { uuid })
  expect(errors).toEqual([
    expect.objectContaining({
      message,
      path: ['contact'],
      extensions: { code: 'BAD_USER_INPUT', retryable: false, requestId: expect.any(String) },
    }),
  ])
  expect(sandbox.requests).toEqual([])
})

test('a uuid with reserved characters is one segment of the path', async () => {
  const { execute, sandbox } = await createTestGateway()
  await execute(ContactDocument, { uuid: 'a/../b?c=d#e' })
  expect(sandbox.requests.map(({ path }) => path)).toEqual(['/v1/contacts/a%2F..%2Fb%3Fc%3Dd%23e'])
})

test('a contact that is selected twice is read once', async () => {
  const { execute, sandbox } = await createTestGateway()
  const document = `{
    a: contact(uuid: "${john}") { name }
    b: contact(uuid: "${john}") { phoneNumber }
    c: contactByPhone(phoneNumber: "123456789") { name }
    d: contactByPhone(phoneNumber: "123456789", channelUuid: null) { uuid }
    e: contactByPhone(phoneNumber: "123456789", channelUuid: "c4a00000000000000000000000000002") { uuid }
    f: contactByBsuid(bsuid: "1") { uuid }
    g: contactByBsuid(bsuid: "1") { name }
  }`
  expect(await execute(document)).toEqual({
    data: {
      a: { name: 'John Doe' },
      b: { phoneNumber: '123456789' },
      c: { name: 'John Doe' },
      d: { uuid: john },
      e: null,
      f: null,
      g: null,
    },
  })
  expect(sandbox.requests).toHaveLength(3)
  await execute(document)
  expect(sandbox.requests).toHaveLength(6)
})

test('a read that fails for one alias fails for the other', async () => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext({ status: 401, body: { error: 'not authorized' } })
  const { errors } = await execute(`{ a: contact(uuid: "u") { name } b: contact(uuid: "u") { name } }`)
  expect(errors?.map(({ path }) => path)).toEqual([['a'], ['b']])
  expect(sandbox.requests).toHaveLength(1)
})

test('a contact that is found by its number is not read by its uuid', async () => {
  const { execute, sandbox } = await createTestGateway()
  const { data } = await execute(
    `{ a: contact(uuid: "${john}") { name } b: contactByPhone(phoneNumber: "123456789") { uuid } c: contact(uuid: "nobody") { name } }`,
  )
  expect(data).toEqual({ a: { name: 'John Doe' }, b: { uuid: john }, c: null })
  expect(sandbox.requests.map(({ path }) => path)).toEqual([
    '/v1/contacts/phone/123456789',
    '/v1/contacts/nobody',
  ])
})

test('an invalid number does not prevent a read by uuid', async () => {
  const { execute } = await createTestGateway()
  const { data, errors } = await execute(
    `{ a: contact(uuid: "${john}") { name } b: contactByPhone(phoneNumber: "..") { uuid } }`,
  )
  expect(data).toEqual({ a: { name: 'John Doe' }, b: null })
  expect(errors?.map(({ path }) => path)).toEqual([['b']])
})
