/** The log of a process that handles contacts: it contains events, and no contact data. */
import type { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { startGateway } from '../support/child-gateway.ts'
import { openSocket, sendRaw } from '../support/raw-request.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { createTestGateway, sentinelToken } from '../support/test-gateway.ts'
import { openMemoryStore } from '../../src/store/memory.ts'

const input = {
  identifier: '+39 333 765 4321',
  // Not WhatsApp, whose contacts are looked up: each call takes one response.
  source: 'TELEGRAM',
  name: 'Zaphod Sentinel',
  tags: ['Tag-Sentinel'],
  customFields: [{ name: 'Billing Address', value: 'Via Sentinel 42' }],
  assignedUser: 'sentinel@example.com',
  note: 'Note of a sentinel',
}
const headers = {
  'content-type': 'application/json',
  authorization: 'Bearer caller-sentinel-1',
  'x-api-key': 'caller-sentinel-2',
  cookie: 'session=caller-sentinel-3',
}
const query =
  'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { name } userErrors { message } } }'

/** No line may contain any of these, in upper or lower case. The other values contain `sentinel`. */
const sentinels = [/sentinel/i, /zaphod/i, /765\W*4321/]

const contact = { uuid: 'u', ...input, phoneNumber: input.identifier, customFields: { A: 'Via Sentinel 42' } }
const echo = { error: { name: [`${JSON.stringify(input)} is refused`], [input.note]: ['x'] } }

const create = JSON.stringify({ query, variables: { input } })
const calls: readonly (readonly [body: string, answer: string | null, shown: string])[] = [
  [create, httpAnswer('201 Created', JSON.stringify({ contact })), '"name":"Zaphod Sentinel"'],
  [create.replace('Zaphod', 'Zaphod\\u0007'), null, 'must not contain'],
  [create, httpAnswer('422 Unprocessable Content', JSON.stringify(echo)), 'is refused'],
  [create, httpAnswer('500 Internal Server Error', JSON.stringify(echo)), 'CALLBELL_UNAVAILABLE'],
  [create, httpAnswer('201 Created', JSON.stringify({ contact: input })), 'CALLBELL_INVALID_RESPONSE'],
  [create, httpAnswer('201 Created', `Created ${input.name}`), 'CALLBELL_INVALID_RESPONSE'],
  [create, `${input.name}, ${input.note}\r\n\r\n`, 'CALLBELL_INVALID_RESPONSE'],
  [
    create,
    httpAnswer('201 Created', JSON.stringify({ contact: { ...contact, name: [input.name] } })),
    '"name":null',
  ],
  [JSON.stringify({ query, variables: { input: { ...input, name: [input] } } }), null, 'Zaphod'],
  [JSON.stringify({ query, variables: { input: { ...input, [input.name]: 1 } } }), null, 'Zaphod'],
  [JSON.stringify({ query: `mutation { "${input.name}" }` }), null, 'Syntax Error'],
  [JSON.stringify({ query: `{ contact(uuid: "${input.note}") { Zaphod } }` }), null, 'Zaphod'],
  [`name=${input.name}&note=${input.note}`, null, 'not valid JSON'],
]

test('no line contains contact data, a caller’s credentials or a secret', async () => {
  const answers = calls.flatMap(([, answer]) => answer ?? [])
  const absent = httpAnswer('404 Not Found', JSON.stringify({ error: 'not found' }), 'connection: close\r\n')
  const confirmed = httpAnswer('200 OK', '{"status":"ok"}', 'connection: close\r\n')
  let creates = 0
  const upstream = await startRawUpstream((socket, _number, request) => {
    if (request.startsWith('GET /v1/auth/me ')) socket.end(confirmed)
    else if (request.startsWith('GET')) socket.end(absent)
    else socket.end(answers[creates++] ?? '')
  })
  const gateway = startGateway({
    CALLBELL_API_TOKEN: sentinelToken,
    CALLBELL_API_URL: upstream.url,
    LOG_LEVEL: 'trace',
  })
  const url = await gateway.url
  const logged: object[] = []
  for (const [body, , shown] of calls) {
    const response = await fetch(url, { method: 'POST', body, headers })
    expect(await response.text()).toContain(shown)
  }
  gateway.kill('SIGTERM')
  await gateway.ended
  const { stdout, stderr } = gateway.output()
  expect(stderr).toBe('')
  for (const sentinel of sentinels) expect(stdout).not.toMatch(sentinel)
  expect(creates).toBe(answers.length)
  for (const line of stdout.trim().split('\n')) {
    const { msg, code, paths } = JSON.parse(line)
    // The time of the first lookup depends on the machine.
    if (!String(msg).startsWith('a lookup')) logged.push([msg, ...[code ?? paths ?? []].flat()])
  }
  expect(logged).toEqual([
    [`listening on ${url} (open it in a browser for GraphiQL)`],
    [`using Callbell at ${upstream.url}: contacts are real`],
    ['a request was answered'],
    ['a request was answered'],
    ['a request was answered'],
    ['a call failed', 'CALLBELL_UNAVAILABLE'],
    ['a call failed', 'CALLBELL_INVALID_RESPONSE'],
    ['a call failed', 'CALLBELL_INVALID_RESPONSE'],
    ['a call failed', 'CALLBELL_INVALID_RESPONSE'],
    ['parts of an answer of Callbell have an unknown shape', 'contact.name'],
    ['a request was answered'],
    ['a request was refused', 'BAD_USER_INPUT'],
    ['a request was refused', 'BAD_USER_INPUT'],
    ['a request was refused', 'GRAPHQL_PARSE_FAILED'],
    ['a request was refused', 'GRAPHQL_VALIDATION_FAILED'],
    ['a request was refused', 'BAD_REQUEST'],
    ['SIGTERM: shutting down after the requests in flight'],
  ])
})

test('a bug whose message quotes a contact is logged without the contact', async () => {
  const broken = JSON.stringify({ version: 1, ...input }).slice(0, -9)
  const { post, log } = await createTestGateway({
    // graphql-js quotes a note that is not a string, and V8 quotes a record that is not valid JSON.
    contacts: { find: () => Promise.resolve(JSON.parse(JSON.stringify({ uuid: 'u', note: input }))) },
    store: {
      ...openMemoryStore(),
      claim: () => Promise.resolve({ state: 'PRESENT', record: `${input.name} ${broken}`, ageMs: 0 }),
    },
  })
  await post(JSON.stringify({ query: '{ contact(uuid: "u") { note } }' }), headers)
  await post(
    JSON.stringify({ query, variables: { input: { ...input, idempotencyKey: 'sentinel-key' } } }),
    headers,
  )
  expect(log.filter(({ level }) => level === 'error')).toEqual([
    bug('GraphQLError', 'String cannot represent value: [redacted]'),
    bug('SyntaxError', '[redacted] is not valid JSON'),
  ])
  expect(JSON.stringify(log)).not.toMatch(/sentinel|zaphod/i)
})

test('no line contains the name of a custom field', async () => {
  const { execute, sandbox, log } = await createTestGateway()
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  const body = `{"contact":{"uuid":"u","customFields":{"Age":"4","Field sentinel":${deep}},"customFieldsMetadata":{"Field sentinel":{"type":[]}}}}`
  sandbox.failNext({ on: 'GET', status: 200, body })
  const { data } = await execute('{contact(uuid:"u"){customFields{name value}}}')
  const customFields = [
    { name: 'Age', value: '4' },
    { name: 'Field sentinel', value: null },
  ]
  expect(data).toEqual({ contact: { customFields } })
  expect(log.map(({ msg, paths }) => [msg, paths])).toEqual([
    [
      'parts of an answer of Callbell have an unknown shape',
      ['contact.customFields.1', 'contact.customFieldsMetadata.type'],
    ],
    ['a request was answered', undefined],
  ])
  expect(JSON.stringify(log)).not.toMatch(/sentinel/i)
})

function bug(type: string, message: string): object {
  const err = { type, message, stack: expect.stringMatching(/^ {4}at (?!.*(?:sentinel|zaphod))/is) }
  const [time, requestId] = [expect.any(String), expect.stringMatching(/^[\w-]{36}$/)]
  return { level: 'error', time, requestId, caller: 'address:127.0.0.1', err, msg: 'unexpected error' }
}

test.each([true, false])(
  'a client that disconnects before its response is logged (fast path: %s)',
  async (hasFastPath) => {
    const { promise: requested, resolve: onRequest } = Promise.withResolvers<Socket>()
    const created = httpAnswer('201 Created', JSON.stringify({ contact }))
    const upstream = await startRawUpstream((socket, number) => {
      if (number === 0) socket.end(created)
      else onRequest(socket)
    })
    const gateway = await createTestGateway({ url: upstream.url, hasFastPath })
    // The first request of a document does not take the fast path.
    await gateway.post(create)
    gateway.forgetLog()

    const caller = await openSocket(gateway.url)
    caller.write(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(create)}\r\n\r\n${create}`,
    )
    const callbell = await requested
    const open = await gateway.connections()
    caller.destroy()
    await vi.waitFor(async () => expect(await gateway.connections()).toBe(open - 1))
    callbell.end(created)
    await vi.waitFor(() => expect(gateway.log).toHaveLength(1))
    expect(gateway.log).toMatchObject([
      {
        msg: 'a request was answered',
        status: 200,
        clientDisconnected: true,
        fields: [{ field: 'createContact', outcome: 'APPLIED', code: 'OK' }],
      },
    ])
  },
)

test.each([
  ['transfer-encoding: chunked', '5\r\n{"que\r\nzz\r\n', 400, 'The request is not valid HTTP/1.1.'],
  [
    'content-length: 50',
    '{"q',
    408,
    'The request did not arrive in time; the limits are 300 ms for its head and 600 ms for all of it.',
  ],
])(
  'a body that breaks off has the same id, status and reason in response and log: %s',
  async (header, body, status, reason) => {
    const gateway = await createTestGateway({ limits: { headersTimeout: 300, requestTimeout: 600 } })
    const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-request-id: mine\r\n${header}`
    const [answer] = await sendRaw(gateway.url, `${head}\r\n\r\n${body}`)
    expect([answer?.status, answer?.headers['x-request-id']]).toEqual([status, 'mine'])
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      errors: [{ message: reason, extensions: { requestId: 'mine' } }],
    })
    await vi.waitFor(() => expect(gateway.log).toHaveLength(1))
    expect(gateway.log).toMatchObject([{ level: 'info', requestId: 'mine', status, reason }])
  },
)

test.each([
  ['GARBAGE', 400, 'The request is not valid HTTP/1.1.'],
  [
    `GET / HTTP/1.1\r\nhost: localhost\r\nx-a: ${'a'.repeat(17_000)}`,
    431,
    'The headers of the request are too large; the limit is 16384 bytes.',
  ],
  ['GET / HTTP/1.1\r\nhost: localhost\r\nexpect: more', 417, 'The Expect header is not supported.'],
])('a request rejected by the HTTP parser is logged: %.40j', async (head, status, reason) => {
  const gateway = await createTestGateway()
  const [answer] = await sendRaw(gateway.url, `${head}\r\n\r\n`)
  expect(answer?.status).toBe(status)
  expect(gateway.log).toMatchObject([
    {
      level: 'info',
      msg: 'a request was refused',
      requestId: answer?.headers['x-request-id'],
      address: '127.0.0.1',
      status,
      reason,
    },
  ])
})
