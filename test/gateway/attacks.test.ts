/**
 * An attacker's notebook: each entry is a request, the exact answer, and what reached Callbell. The
 * entries cover the OWASP GraphQL cheat sheet and graphql-cop's checks.
 */
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createClient } from '@redis/client'
import { describe, expect, test } from 'vitest'
import { scopes } from '../../src/domain/caller.ts'
import { parseApiKeys } from '../../src/config/api-keys.ts'
import { followGateway, startGateway } from '../support/child-gateway.ts'
import { openSandbox, postsOf } from '../support/counting-sandbox.ts'
import type { RawAnswer } from '../support/raw-request.ts'
import { closed, openSocket, readAnswers, sendRaw } from '../support/raw-request.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { openTestStore } from '../support/stores.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const input = 'input:{identifier:"+39 02 5",source:WHATSAPP,name:"Ada"}'
const create = `createContact(${input}){contact{name}}`
const many = (count: number): number[] => Array.from({ length: count }, (_, number) => number)
const times = (count: number, part: (number: number) => string): string => many(count).map(part).join(' ')

/** What reached Callbell. */
function upstream({ sandbox }: TestGateway): number {
  return sandbox.requests.length
}

async function told(response: Response): Promise<object> {
  const { errors, data } = await response.json()
  return { status: response.status, data, errors: errors?.map(codeAndMessage) }
}

async function size(response: Response): Promise<number> {
  return (await response.text()).length
}

function codeAndMessage({ message, extensions }: { message: string; extensions: { code: string } }): string {
  return `${extensions.code}: ${message}`
}

/** Short, so that these tests need not wait for the real ones. */
const shortLimits = { headersTimeout: 300, requestTimeout: 600, keepAliveTimeout: 300, answerTakenMs: 300 }
const headOfPost = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
const chunkedHead = `${headOfPost}transfer-encoding: chunked\r\n\r\n`

/** Repeated, since on a busy machine a request may take longer than these short limits allow. */
async function expectService({ execute }: TestGateway): Promise<void> {
  await expect.poll(() => execute('{contact(uuid:"1"){name}}')).toEqual({ data: { contact: null } })
}

/** What is said on a connection until it is closed. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await closed(socket)
  return text
}

/** Sends a byte whenever the one before has left, and some time has gone by, until it is cut off. */
function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 50)
  socket.once('close', () => clearInterval(timer))
}

/** Writes bytes and waits until they have left. */
async function write(socket: Socket, bytes: string | Buffer): Promise<void> {
  await new Promise((resolve) => void socket.write(bytes, resolve))
}

/** Sends the bytes again and again until the connection is closed. @returns how many bytes were sent */
async function flood(socket: Socket, bytes: string | Buffer): Promise<number> {
  const end = closed(socket)
  while (!socket.closed) await Promise.race([write(socket, bytes), end])
  return socket.bytesWritten
}

/** @returns the statuses of a query and a health check by an honest caller */
async function askAll(url: string): Promise<number[]> {
  const headers = { 'content-type': 'application/json', 'x-api-key': 'k' }
  const body = '{"query":"{contact(uuid:\\"1\\"){name}}"}'
  const answers = await Promise.all([
    fetch(url, { method: 'POST', headers, body }),
    fetch(new URL('/livez', url)),
  ])
  return Promise.all(answers.map(async (answer) => ((await answer.text()) === '' ? 0 : answer.status)))
}

/** What matters of an answer that closes the connection. */
function summary({ status, headers, body }: RawAnswer): object {
  const errors = body.startsWith('{"errors"') ? JSON.parse(body).errors.map(codeAndMessage) : undefined
  return { status, connection: headers['connection'], errors }
}

const tooLarge = (bytes: string) => ({
  status: 413,
  data: undefined,
  errors: [`REQUEST_ENTITY_TOO_LARGE: The request body has ${bytes} bytes; the limit is 100,000 bytes`],
})

const tinyChunks = (count: number, byte = ' '): string => `1\r\n${byte}\r\n`.repeat(count)
/** The same request, which asks for its connection to be closed. */
const closing = (bytes: string): string => bytes.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')

const tooMuch = (what: string) => ({
  status: 400,
  data: undefined,
  errors: [`QUERY_TOO_COMPLEX: Query too large: at most ${what}.`],
})

describe('one request that asks for a thousand things', () => {
  test.each<[string, string, string]>([
    [
      '1,000 aliases of one mutation',
      `mutation{${times(1000, (n) => `a${n}:${create}`)}}`,
      '1,000 tokens, and it has more than 10,000',
    ],
    [
      '11 aliases of one mutation',
      `mutation{${times(11, (n) => `a${n}:${create}`)}}`,
      '10 fields at the root of an operation, and it has 11',
    ],
    [
      '101 aliases of __typename',
      `{${times(101, (n) => `a${n}:__typename`)}}`,
      '10 fields at the root of an operation, and it has 101',
    ],
    [
      'one field 500 times',
      `{${times(500, () => '__typename')}}`,
      '10 fields at the root of an operation, and it has 500',
    ],
    [
      '11 aliases in a fragment',
      `mutation{...A} fragment A on Mutation{${times(11, (n) => `a${n}:${create}`)}}`,
      '10 fields at the root of an operation, and it has 11',
    ],
    [
      '5 aliases in a fragment that is spread thrice',
      `mutation{...A ...A ...A} fragment A on Mutation{${times(5, (n) => `a${n}:${create}`)}}`,
      '10 fields at the root of an operation, and it has 15',
    ],
    [
      'fragments that double each other 40 times',
      `{contact(uuid:"1"){...F0}} ${times(40, (n) => `fragment F${n} on Contact{...F${n + 1} ...F${n + 1}}`)} fragment F40 on Contact{name}`,
      '500 fields (fragments included), and it has 1,099,511,627,777',
    ],
    [
      '60 aliases inside of a contact',
      `{contact(uuid:"1"){${times(60, (n) => `a${n}:name`)}}}`,
      '50 aliases (fragments included), and it has 60',
    ],
    [
      '10 directives on one field',
      '{__typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa}',
      '4 directives in one place, and it has 10',
    ],
    [
      '60 directives',
      `{contact(uuid:"1"){${times(30, () => 'name @skip(if:true) @include(if:true)')}}}`,
      '50 directives (fragments included), and it has 60',
    ],
    [
      '20,000 fields inside of each other',
      `{${'a{'.repeat(20_000)}b${'}'.repeat(20_001)}`,
      '1,000 tokens, and it has more than 10,000',
    ],
    ['1,200 fields in a row', `{${'a '.repeat(1200)}}`, '1,000 tokens, and it has 1,202'],
    ['1,200 fields and no end', `{${'a '.repeat(1200)}"`, '1,000 tokens, and it has at least 1,201'],
    [
      '600 fields in a fragment that is not spread',
      `{__typename} fragment A on Contact{${times(600, () => 'name')}}`,
      '500 fields (fragments included), and it has 600',
    ],
    [
      '17 fields inside of each other',
      `{${'a{'.repeat(16)}b${'}'.repeat(17)}`,
      '16 levels of fields, and it has 17',
    ],
    [
      'the schema ten times',
      `{${times(10, (n) => `a${n}:__schema{types{name}}`)}}`,
      '2 fields `__schema` and `__type` (fragments included), and it has 10',
    ],
    [
      'a list 5,000 deep',
      `{contact(uuid:${'['.repeat(5000)}1${']'.repeat(5000)}){id}}`,
      '1,000 tokens, and it has more than 10,000',
    ],
  ])('%s', async (_name, query, limit) => {
    const gateway = await createTestGateway()
    expect(await told(await gateway.post(JSON.stringify({ query })))).toEqual(tooMuch(limit))
    expect(upstream(gateway)).toBe(0)
  })

  test('10 aliases are 10 creates', async () => {
    const gateway = await createTestGateway()
    const query = `mutation{${times(10, (n) => `a${n}:${create}`)}}`
    const { data } = await gateway.execute<Record<string, unknown>, unknown>(query)
    expect(Object.values(data ?? {})).toEqual(
      Array.from({ length: 10 }, () => ({ contact: { name: 'Ada' } })),
    )
    expect(upstream(gateway)).toBe(10)
  })

  test('a limit that one of several operations exceeds holds for the whole document', async () => {
    const gateway = await createTestGateway()
    const query = `query Small{__typename} mutation Large{${times(11, (n) => `a${n}:${create}`)}}`
    const response = await gateway.post(JSON.stringify({ query, operationName: 'Small' }))
    expect(await told(response)).toEqual(tooMuch('10 fields at the root of an operation, and it has 11'))
  })

  test('fragments that spread each other in a circle', async () => {
    const gateway = await createTestGateway()
    const query = '{...A} fragment A on Query{...B} fragment B on Query{...A __typename}'
    expect(await told(await gateway.post(JSON.stringify({ query })))).toMatchObject({
      status: 200,
      errors: [expect.stringMatching(/^GRAPHQL_VALIDATION_FAILED: Cannot spread fragment "A" within itself/)],
    })
  })

  test('a schema that is asked for in circles', async () => {
    const gateway = await createTestGateway()
    const query = `{__schema{types{fields{type{fields{type{fields{type{fields{name}}}}}}}}}}`
    expect(await told(await gateway.post(JSON.stringify({ query })))).toEqual({
      status: 200,
      data: undefined,
      errors: ['GRAPHQL_VALIDATION_FAILED: Maximum introspection depth exceeded'],
    })
  })

  test('a list of requests', async () => {
    const gateway = await createTestGateway()
    const body = JSON.stringify(Array.from({ length: 10 }, () => ({ query: `mutation{${create}}` })))
    expect(await told(await gateway.post(body))).toEqual({
      status: 400,
      data: undefined,
      errors: ['BAD_REQUEST: Batching is not supported.'],
    })
    expect(upstream(gateway)).toBe(0)
  })
})

describe('calls beyond the plan', () => {
  const page = {
    on: 'GET',
    status: 200,
    body: { teams: [], channels: [], meta: { pages: 50 } },
  } as const

  test.each([true, false])('ten aliases of teams with 50 pages (fast path: %s)', async (hasFastPath) => {
    const gateway = await createTestGateway({ hasFastPath })
    const query = `{${times(10, (n) => `a${n}:teams{uuid}`)}}`
    for (let run = 1; run <= 2; run += 1) {
      gateway.sandbox.failNext(...many(50).map(() => page))
      const { data, errors } = await gateway.execute<Record<string, unknown>, unknown>(query)
      expect(errors).toBeUndefined()
      expect(Object.values(data ?? {})).toEqual(many(10).map(() => []))
      expect(upstream(gateway)).toBe(50 * run)
    }
  })

  test('two lists of 50 pages each', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(...many(100).map(() => page))
    const response = await gateway.post(JSON.stringify({ query: '{teams{uuid} channels{uuid}}' }))
    expect(await told(response)).toEqual({
      status: 200,
      data: null,
      errors: [
        'QUERY_TOO_COMPLEX: This operation needs more than 50 reads from Callbell; the limit is 50. Request fewer lists in one operation.',
      ],
    })
    await expect.poll(() => upstream(gateway)).toBe(50)
  })
})

/** John Doe, whom each sandbox has. */
const john = '414a6d692bd645ed803f2e7ce360d4c8'
const forbidden = (field: string) => ({
  status: 403,
  data: undefined,
  errors: [
    `FORBIDDEN: This mutation reads ${field}; this API key does not have the scope contacts:read. Select only \`id\` and \`uuid\` of what it changes.`,
  ],
})
const open = (selection: string): string => `mutation{openConversation(input:{uuid:"${john}"}){${selection}}}`

describe('a caller who may only write', () => {
  const digest = hash('sha256', 'w')
  const parsed = parseApiKeys({ GATEWAY_API_KEYS: `writer:${digest}:write`, GATEWAY_API_KEYS_FILE: '' })
  const keys = 'keys' in parsed ? parsed.keys : []
  test.each<[string, string]>([
    [open('contact{name phoneNumber note}'), 'Contact.name'],
    [
      open('contact{id ...F} } } fragment F on Contact{x:phoneNumber').replace(/}}$/, '}'),
      'Contact.phoneNumber',
    ],
    [open('contact{uuid messages{nodes{text}}}'), 'Contact.messages'],
    [open('contact{uuid messages{pageInfo{hasNextPage}}}'), 'Contact.messages'],
    [open('contact{id:bot{uuid}}'), 'Contact.bot'],
    [open('contact{uuid:tags}'), 'Contact.tags'],
    [open('userErrors{message} contact{...on Contact{team{id}}}'), 'Contact.team'],
    [`mutation{${create}}`, 'Contact.name'],
    [`mutation{setBotStatus(input:{uuid:"${john}",status:START}){bot{uuid status}}}`, 'Bot.status'],
    [`mutation{a:__typename ${create.replace('{name}', '{id}')} b:${create}}`, 'Contact.name'],
  ])('reads nothing by %s', async (query, field) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
    for (let run = 0; run < 3; run += 1) {
      const response = await gateway.post(JSON.stringify({ query }), { 'x-api-key': 'w' })
      expect(await told(response)).toEqual(forbidden(field))
    }
    expect(upstream(gateway)).toBe(0)
  })

  test('learns what it changed, and what was wrong with it', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
    const query = `mutation{${open('contact{__typename id uuid} userErrors{message field code}').slice(9, -1)} deleteContact(input:{uuid:""}){deletedUuid userErrors{code}}}`
    const response = await gateway.post(JSON.stringify({ query }), { 'x-api-key': 'w' })
    expect(await told(response)).toEqual({
      status: 200,
      data: {
        openConversation: { contact: { __typename: 'Contact', id: john, uuid: john }, userErrors: [] },
        deleteContact: { deletedUuid: null, userErrors: [{ code: 'BLANK' }] },
      },
      errors: undefined,
    })
    expect(upstream(gateway)).toBe(1)
  })

  test('reads nothing by a condition that is decided when it runs', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
    const query = `mutation($s:Boolean!){openConversation(input:{uuid:"${john}"}){contact{uuid name@skip(if:$s)}}}`
    const ask = async (s: boolean) =>
      told(await gateway.post(JSON.stringify({ query, variables: { s } }), { 'x-api-key': 'w' }))
    const opened = { status: 200, data: { openConversation: { contact: { uuid: john } } }, errors: undefined }
    expect([await ask(true), await ask(false), await ask(true), await ask(false)]).toEqual([
      opened,
      forbidden('Contact.name'),
      opened,
      forbidden('Contact.name'),
    ])
    expect(upstream(gateway)).toBe(2)
  })
})

describe('variables that are wrong in thousands of places', () => {
  test.each([
    ['unknown keys', Object.fromEntries(many(11_000).map((n) => [n.toString(36), 1]))],
    ['numbers for tags', { tags: many(12_000) }],
    ['nulls in a list', { tags: many(12_000).map(() => null) }],
    ['objects without names', { customFields: many(12_000).map(() => ({})) }],
  ])('%s are refused after five, at each run of a known document', async (_name, rest) => {
    const gateway = await createTestGateway()
    const query = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
    const least = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }
    await gateway.execute(query, { i: least })
    for (let run = 0; run < 3; run += 1) {
      const response = await gateway.post(JSON.stringify({ query, variables: { i: { ...least, ...rest } } }))
      const { errors, data } = await response.json()
      expect([response.status, data, errors.length]).toEqual([400, undefined, 6])
      expect(errors[5].message).toBe(
        'Too many errors processing variables, error limit reached. Execution aborted.',
      )
    }
    expect(upstream(gateway)).toBe(1)
  })
})

describe('an answer that is many times its request, or takes long to be made', () => {
  const document = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
  const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }
  test('hundreds of mistakes in ten aliases', async () => {
    const gateway = await createTestGateway()
    const query = `mutation($i:CreateContactInput!){${times(10, (n) => `a${n}:createContact(input:$i){userErrors{a:field b:field message}}`)}}`
    const variables = { i: { ...contact, customFields: many(500).map(() => ({ name: '' })) } }
    const response = await gateway.post(JSON.stringify({ query, variables }))
    const { data } = await response.clone().json()
    expect(data.a0.userErrors).toHaveLength(50)
    expect(await size(response)).toBeLessThan(100_000)
    expect(upstream(gateway)).toBe(0)
  })

  test('thousands of fields that the input does not have', async () => {
    const gateway = await createTestGateway()
    const strange = Object.fromEntries(many(7000).map((number) => [`n${number}`, 1]))
    const response = await gateway.post(
      JSON.stringify({ query: document, variables: { i: { ...contact, ...strange } } }),
    )
    expect(await size(response)).toBeLessThan(5000)
    expect(upstream(gateway)).toBe(0)
  })

  test('hundreds of mistakes at the end of thousands of lines', async () => {
    const gateway = await createTestGateway()
    const query = `{contact(uuid:"1"){${'\n'.repeat(44_000)}${times(400, (n) => `n${n}`)}}}`
    const response = await gateway.post(JSON.stringify({ query }))
    expect((await response.clone().json()).errors).toHaveLength(10)
    expect(await size(response)).toBeLessThan(5000)
  })

  test.each([true, false])(
    'a value that looks like a suggestion 7,000 times (introspection: %s)',
    async (introspection) => {
      const gateway = await createTestGateway({ introspection })
      const source = 'Did you mean '.repeat(7000)
      const response = await gateway.post(
        JSON.stringify({ query: document, variables: { i: { ...contact, source } } }),
      )
      const { errors } = await response.json()
      expect(errors.map(({ message }: { message: string }) => message.length)).toEqual([300])
      expect(errors[0].message).toMatch(/^Variable "\$i" got invalid value "Did you mean Did you mean .*…$/)
    },
  )

  test('a hundred requests on one connection, none of whose answers is waited for', async () => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(100))
    expect(answers.length).toBeLessThan(100)
  })
})

describe('a caller who is to be told something else than what happened', () => {
  test('by a variable that is found wrong only when the contact is there', async () => {
    const gateway = await createTestGateway()
    const query = `mutation($b:Boolean=true){createContact(${input}){contact @include(if:$b){name}}}`
    const response = await gateway.post(JSON.stringify({ query, variables: { b: null } }))
    const { errors } = await response.json()
    expect(errors[0].extensions).toMatchObject({ code: 'BAD_USER_INPUT', outcome: 'APPLIED' })
    expect(upstream(gateway)).toBe(1)
  })

  test.each([
    ['application/json;charset="utf-8"', 'application/json; charset=utf-8'],
    [
      'application/graphql-response+json; charset="UTF-8"',
      'application/graphql-response+json; charset=utf-8',
    ],
    ['application/json;xcharset=foo', 'application/json; charset=utf-8'],
    ['text/event-stream, application/json;charset="utf-8"', 'application/json; charset=utf-8'],
    ['text/event-stream, */*', 'application/json; charset=utf-8'],
  ])('by the header accept: %s', async (accept, type) => {
    const gateway = await createTestGateway()
    const response = await gateway.post(JSON.stringify({ query: `mutation{${create}}` }), { accept })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect(await response.json()).toEqual({ data: { createContact: { contact: { name: 'Ada' } } } })
    expect(upstream(gateway)).toBe(1)
  })
})

describe('a page of another site', () => {
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

  test.each([
    ['a form', 'application/x-www-form-urlencoded', `query=${encodeURIComponent(`mutation{${create}}`)}`],
    [
      'a form that uploads',
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query":"mutation{${create.replaceAll('"', '\\"')}}"}\r\n--x--`,
    ],
    ['a script, without a preflight', 'text/plain', JSON.stringify({ query: `mutation{${create}}` })],
    [
      'a script, with a type that only starts like JSON',
      'application/jsonx',
      JSON.stringify({ query: `mutation{${create}}` }),
    ],
  ])('%s', async (_name, type, body) => {
    const gateway = await createTestGateway()
    const response = await gateway.post(body, { ...evil, 'content-type': type })
    expect(await told(response)).toEqual({
      status: 415,
      data: undefined,
      errors: ['BAD_REQUEST: Send the request body with `content-type: application/json`.'],
    })
    expect(upstream(gateway)).toBe(0)
  })

  test('a link that is a mutation', async () => {
    const gateway = await createTestGateway()
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent(`mutation{${create}}`)}`)
    expect(response.status).toBe(405)
    expect(upstream(gateway)).toBe(0)
  })

  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ])('an image or a script whose address is a query: %j', async (headers) => {
    const gateway = await createTestGateway()
    const response = await fetch(`${gateway.url}?query={contact(uuid:"1"){name}}`, { headers })
    expect(await told(response)).toEqual({
      status: 403,
      data: undefined,
      errors: ['FORBIDDEN: A page of another origin may not ask by GET. CORS_ORIGINS lists those that may'],
    })
    expect(upstream(gateway)).toBe(0)
  })

  test.each([
    [evil.origin, {}],
    ['https://app.example.evil.example', {}],
    ['http://app.example', {}],
    ['null', {}],
    [
      'https://app.example',
      {
        'access-control-allow-origin': 'https://app.example',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type, authorization, x-api-key, x-request-id',
        'access-control-max-age': '600',
      },
    ],
  ])('a preflight from %s', async (origin, expected) => {
    const gateway = await createTestGateway({ corsOrigins: ['https://app.example'] })
    const response = await fetch(gateway.url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    const headers = [...response.headers].filter(([name]) => name.startsWith('access-control'))
    expect([response.status, Object.fromEntries(headers), response.headers.get('vary')]).toEqual([
      204,
      expected,
      'origin',
    ])
  })

  test('its answer can be read by the origins that were named, and by no other', async () => {
    const gateway = await createTestGateway({ corsOrigins: ['https://app.example'] })
    const body = JSON.stringify({ query: '{__typename}' })
    const named = await gateway.post(body, { origin: 'https://app.example' })
    expect(named.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(named.headers.get('access-control-allow-credentials')).toBeNull()
    const other = await gateway.post(body, { origin: 'https://evil.example' })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a name of its own that leads to 127.0.0.1', async () => {
    const gateway = await createTestGateway()
    const { port } = new URL(gateway.url)
    const body = JSON.stringify({ query: `mutation{${create}}` })
    const host = `evil.example:${port}`
    const [answer] = await sendRaw(
      gateway.url,
      `POST /graphql HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    expect(answer?.status).toBe(421)
    expect(JSON.parse(answer?.body ?? '').errors[0].message).toBe(
      'The Host header must be localhost or a loopback address. A proxy in front may set it, or CORS_ORIGINS may list its origin',
    )
    expect(upstream(gateway)).toBe(0)
  })
})

describe('someone who wants to learn', () => {
  const hidden = { introspection: false, graphiql: false }

  test.each([
    ['{contac(uuid:"1"){name}}', 'Cannot query field "contac" on type "Query".'],
    ['{contact(uui:"1"){name}}', 'Unknown argument "uui" on field "Query.contact".'],
    ['query($a:Strin){__typename}', 'Unknown type "Strin".'],
    ['{__typename @skp(if:true)}', 'Unknown directive "@skp".'],
    [
      'mutation{createContact(input:{identifier:"1",source:WHATSAP,name:"A"}){replayed}}',
      'Value "WHATSAP" does not exist in "ContactSource" enum.',
    ],
    [
      'mutation{createContact(input:{identifie:"1",source:WHATSAPP,name:"A"}){replayed}}',
      'Field "identifie" is not defined by type "CreateContactInput".',
    ],
  ])('no name is suggested for %s', async (query, message) => {
    const { execute } = await createTestGateway(hidden)
    const { errors } = await execute(query)
    expect(errors?.map((error) => error.message)).toContain(message)
    expect(JSON.stringify(errors)).not.toContain('Did you mean')
  })

  test('no name is suggested for a wrong variable', async () => {
    const { execute } = await createTestGateway(hidden)
    const query = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
    const { errors } = await execute(query, { i: { identifier: '1', source: 'WHATSAP', name: 'A' } })
    expect(errors?.map(({ message }) => message)).toEqual([
      'Variable "$i" got invalid value "WHATSAP" at "i.source"; Value "WHATSAP" does not exist in "ContactSource" enum.',
    ])
  })

  test.each(['{__schema{types{name}}}', '{__type(name:"Contact"){name}}', '{a:__schema{__typename}}'])(
    'the schema is not shown: %s',
    async (query) => {
      const { execute } = await createTestGateway(hidden)
      const { data, errors } = await execute(query)
      expect([data, errors?.[0]?.extensions?.['code']]).toEqual([undefined, 'GRAPHQL_VALIDATION_FAILED'])
    },
  )

  test('there is no page to play with', async () => {
    const gateway = await createTestGateway(hidden)
    const response = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    expect(response.status).toBe(406)
  })

  test('no answer tells a version, a stack or a trace, and each brings the headers that browsers obey', async () => {
    const gateway = await createTestGateway(hidden)
    const { origin } = new URL(gateway.url)
    const answers = await Promise.all([
      gateway.post(JSON.stringify({ query: '{contact(uuid:"1"){name}}', extensions: { tracing: true } })),
      gateway.post('{'),
      gateway.post(JSON.stringify({ query: 'query cop { __typename' }), { 'x-apollo-tracing': '1' }),
      fetch(`${origin}/nowhere`),
      fetch(`${origin}/`, { redirect: 'manual' }),
      fetch(`${origin}/livez`),
      fetch(`${origin}/readyz`),
      fetch(`${origin}/graphql`, { method: 'DELETE' }),
      fetch(`${origin}/graphql`, { method: 'OPTIONS' }),
    ])
    const [broken] = await sendRaw(gateway.url, 'GARBAGE\r\n\r\n')
    const seen = [
      ...(await Promise.all(
        answers.map(async (answer) => ({
          headers: Object.fromEntries(answer.headers),
          body: await answer.text(),
        })),
      )),
      ...(broken ? [broken] : []),
    ]
    expect(seen).toHaveLength(10)
    for (const { headers, body } of seen) {
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        'x-request-id': expect.stringMatching(/^[\w-]{36}$/),
      })
      expect(Object.keys(headers)).not.toContain('server')
      expect(Object.keys(headers)).not.toContain('x-powered-by')
      expect(body).not.toMatch(/\bat .*:\d+|node_modules|stack|exception|tracing|yoga|\d+\.\d+\.\d+/i)
    }
  })
})

describe('strange values', () => {
  const document = `mutation($input:CreateContactInput!){createContact(input:$input){contact{name customFields{name value}} userErrors{field code}}}`
  const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }

  test('keys that JavaScript takes for its own', async () => {
    const gateway = await createTestGateway()
    const body = `{"query":${JSON.stringify(document)},"variables":{"__proto__":{"input":1},"input":{"identifier":"1","source":"WHATSAPP","name":"Ada","__proto__":{"note":"x"}}}}`
    expect(await told(await gateway.post(body))).toEqual({
      status: 400,
      data: undefined,
      errors: [
        expect.stringMatching(
          /^BAD_USER_INPUT: Variable "\$input" got invalid value .*; Field "__proto__" is not defined/,
        ),
      ],
    })
    expect(upstream(gateway)).toBe(0)
    expect(({} as Record<string, unknown>)['note']).toBeUndefined()
  })

  test.each(['__proto__', 'constructor', 'prototype'])('a custom field called %s', async (name) => {
    const gateway = await createTestGateway()
    expect(
      await gateway.execute(document, { input: { ...contact, customFields: [{ name, value: 'x' }] } }),
    ).toEqual({
      data: {
        createContact: {
          contact: null,
          userErrors: [{ field: ['input', 'customFields', '0', 'name'], code: 'INVALID' }],
        },
      },
    })
    expect(upstream(gateway)).toBe(0)
  })

  test.each([
    ['a null byte', 'A\u0000da'],
    ['half of a surrogate pair', 'A\ud800'],
    ['an escape sequence for terminals', '\u001b[31mAda'],
  ])('%s in a name', async (_name, name) => {
    const gateway = await createTestGateway()
    const { data } = await gateway.execute<{ createContact: { userErrors: unknown } }, unknown>(document, {
      input: { ...contact, name },
    })
    expect(data?.createContact.userErrors).toEqual([{ field: ['input', 'name'], code: 'INVALID' }])
    expect(upstream(gateway)).toBe(0)
  })

  test.each(['1e999', '-0', '123456789012345678901234567890', 'true', '{}', '[["x"]]', 'null'])(
    'the JSON value %s for a name',
    async (value) => {
      const gateway = await createTestGateway()
      const body = `{"query":${JSON.stringify(document)},"variables":{"input":{"identifier":"1","source":"WHATSAPP","name":${value}}}}`
      expect(await told(await gateway.post(body))).toEqual({
        status: 400,
        data: undefined,
        errors: [expect.stringMatching(/^BAD_USER_INPUT: Variable "\$input" got invalid value/)],
      })
      expect(upstream(gateway)).toBe(0)
    },
  )

  test('a key twice: the last one counts, as in every JSON parser of this language', async () => {
    const gateway = await createTestGateway()
    const body = `{"query":"{__typename}","query":${JSON.stringify(document)},"variables":{"input":{"identifier":"1","source":"WHATSAPP","name":"Eve","name":"Ada"}}}`
    expect(await told(await gateway.post(body))).toMatchObject({
      data: { createContact: { contact: { name: 'Ada' } } },
    })
    expect(upstream(gateway)).toBe(1)
  })

  test('50,000 lists inside of each other', async () => {
    const gateway = await createTestGateway()
    const nested = `${'['.repeat(45_000)}${']'.repeat(45_000)}`
    const body = `{"query":${JSON.stringify(document)},"variables":{"input":{"identifier":"1","source":"WHATSAPP","name":"Ada","tags":${nested}}}}`
    expect(await told(await gateway.post(body))).toMatchObject({
      status: 400,
      errors: [expect.stringMatching(/^BAD_USER_INPUT: /)],
    })
    expect(upstream(gateway)).toBe(0)
  })

  test('a request id that would write a second line into the log', async () => {
    const gateway = await createTestGateway()
    const [answer] = await sendRaw(
      gateway.url,
      `GET /livez HTTP/1.1\r\nhost: localhost\r\nx-request-id: 1"}\\n{"level":"error\r\nconnection: close\r\n\r\n`,
    )
    expect(answer?.headers['x-request-id']).toMatch(/^[\w-]{36}$/)
  })
})

const tagList = (count: number): string[] => many(count).map((number) => `t${number}`)
const fieldList = (count: number): object[] =>
  many(count).map((number) => ({ name: `f${number}`, value: '' }))
/** An answer of Callbell. */
const withTags = (tags: readonly string[]): object => ({ contact: { uuid: '1', tags } })

describe('long lists', () => {
  const updates =
    'mutation($input:UpdateContactInput!){updateContact(input:$input){userErrors{field message code}}}'
  const creates =
    'mutation($input:CreateContactInput!){createContact(input:$input){userErrors{field message code}}}'
  const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }

  test.each<[string, string, object, string, string]>([
    ['tags of a create', creates, { ...contact, tags: tagList(501) }, 'tags', '501'],
    [
      'custom fields of a create',
      creates,
      { ...contact, customFields: fieldList(501) },
      'customFields',
      '501',
    ],
    [
      'values of a custom field',
      creates,
      { ...contact, customFields: [...fieldList(2), { name: 'UI', values: tagList(501) }] },
      'customFields.2.values',
      '501',
    ],
    ['tags', updates, { uuid: '1', tags: tagList(8000) }, 'tags', '8,000'],
    ['tags to add', updates, { uuid: '1', addTags: tagList(501) }, 'addTags', '501'],
    ['tags to remove', updates, { uuid: '1', removeTags: tagList(501) }, 'removeTags', '501'],
    [
      'expected tags',
      updates,
      { uuid: '1', addTags: ['VIP'], expectedTags: tagList(501) },
      'expectedTags',
      '501',
    ],
    ['custom fields', updates, { uuid: '1', customFields: fieldList(1500) }, 'customFields', '1,500'],
  ])('more than 500 %s are refused before they are looked at', async (_what, query, given, list, length) => {
    const gateway = await createTestGateway()
    const { data } = await gateway.execute<Record<string, unknown>, unknown>(query, { input: given })
    expect(Object.values(data ?? {})).toEqual([
      {
        userErrors: [
          {
            field: ['input', ...list.split('.')],
            message: `\`${list}\` has ${length} items; the limit is 500.`,
            code: 'TOO_LONG',
          },
        ],
      },
    ])
    expect(upstream(gateway)).toBe(0)
  })

  test('more than 500 tags of a filter are refused', async () => {
    const gateway = await createTestGateway()
    const query = 'query($tags:[String!]){contacts(filter:{tags:$tags}){nodes{name}}}'
    const response = await gateway.post(JSON.stringify({ query, variables: { tags: tagList(501) } }))
    expect(await told(response)).toEqual({
      status: 200,
      data: null,
      errors: ['BAD_USER_INPUT: `filter.tags` has 501 items; the limit is 500.'],
    })
    expect(upstream(gateway)).toBe(0)
  })

  test('500 items are not too many', async () => {
    const gateway = await createTestGateway()
    const edit = { uuid: '1', addTags: tagList(500), removeTags: ['x'], expectedTags: tagList(500) }
    gateway.sandbox.failNext({ on: 'GET', status: 404 })
    const { data } = await gateway.execute(updates, { input: edit })
    expect(data).toEqual({
      updateContact: {
        userErrors: [expect.objectContaining({ field: ['input', 'uuid'], code: 'NOT_FOUND' })],
      },
    })
    expect(upstream(gateway)).toBe(1)
  })

  test('ten edits with 8,000 tags to add and 8,000 to remove', async () => {
    const gateway = await createTestGateway()
    const edit = 'updateContact(input:{uuid:"1",addTags:$a,removeTags:$b}){userErrors{message}}'
    const query = `mutation($a:[String!]$b:[String!]){${times(10, (n) => `a${n}:${edit}`)}}`
    const lists = { a: Array.from({ length: 8000 }, () => 'a'), b: Array.from({ length: 8000 }, () => 'b') }
    const { data } = await gateway.execute<Record<string, unknown>, unknown>(query, lists)
    const messages = ['addTags', 'removeTags'].map((list) => ({
      message: `\`${list}\` has 8,000 items; the limit is 500.`,
    }))
    expect(Object.values(data ?? {})).toEqual(many(10).map(() => ({ userErrors: messages })))
    expect(upstream(gateway)).toBe(0)
  })

  test('a name of 50,000 characters that 52 custom fields have is not repeated in the answer', async () => {
    const gateway = await createTestGateway()
    const list = times(52, () => '{name:$n,value:""}')
    const query = `mutation($n:String!){createContact(input:{identifier:"1",source:WHATSAPP,name:"Ada",customFields:[${list}]}){userErrors{message}}}`
    const response = await gateway.post(JSON.stringify({ query, variables: { n: 'n'.repeat(50_000) } }))
    expect(await size(response)).toBeLessThan(5000)
    expect(upstream(gateway)).toBe(0)
  })

  test('a contact that has 140,000 tags is edited all the same', async () => {
    const gateway = await createTestGateway()
    // Short, so that the answer stays below 1 MiB. A loop inside of a loop would take longer than the test may.
    const before = many(140_000).map((number) => number.toString(36))
    const after = [...before, 'VIP']
    gateway.sandbox.failNext(
      { on: 'GET', status: 200, body: withTags(before) },
      { on: 'PATCH', status: 200, body: withTags(after) },
      { on: 'GET', status: 200, body: withTags(after.toReversed()) },
    )
    const edit = { uuid: '1', addTags: ['VIP'] }
    expect(await gateway.execute(updates, { input: edit })).toEqual({
      data: { updateContact: { userErrors: [] } },
    })
    const sent = gateway.sandbox.requests.map(({ method, body }) => [method, body])
    expect(sent).toEqual([
      ['GET', undefined],
      ['PATCH', { tags: after }],
      ['GET', undefined],
    ])
  })
})

/** An entry of GATEWAY_API_KEYS. */
const entryOf = (key: string): string => `${key}:${hash('sha256', key)}`

describe('a key that may only write', () => {
  const query =
    'mutation($input:UpdateContactInput!){updateContact(input:$input){userErrors{field message code}}}'
  const variables = { input: { uuid: '1', addTags: ['Newsletter'], expectedTags: ['Interested'] } }
  const text = `${entryOf('both')},${entryOf('write')}:write`
  const parsed = parseApiKeys({ GATEWAY_API_KEYS: text, GATEWAY_API_KEYS_FILE: '' })
  const apiKeys = 'keys' in parsed ? parsed.keys : []

  test.each([
    ['both', ['VIP'], '`expectedTags` are not the tags that the contact has: ["VIP"].'],
    ['both', tagList(501), '`expectedTags` are not the 501 tags that the contact has.'],
    ['write', ['VIP'], '`expectedTags` are not the tags that the contact has.'],
    ['write', tagList(501), '`expectedTags` are not the tags that the contact has.'],
  ])('the key "%s" expects tags that a contact does not have', async (key, tags, message) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    gateway.sandbox.failNext({ on: 'GET', status: 200, body: withTags(tags) })
    const response = await gateway.post(JSON.stringify({ query, variables }), { 'x-api-key': key })
    const userErrors = [{ field: ['input', 'expectedTags'], message, code: 'CONFLICT' }]
    expect(await response.json()).toEqual({ data: { updateContact: { userErrors } } })
    expect(gateway.sandbox.requests.map(({ method }) => method)).toEqual(['GET'])
  })

  test.each([
    ['both', 'VIP', 'The contact has this tag as "VIP".'],
    ['both', `VIP${' '.repeat(100_000)}`, 'The contact has this tag in another spelling.'],
    ['write', 'VIP', 'The contact has this tag in another spelling.'],
  ])('the key "%s" removes a tag that is spelled otherwise', async (key, tag, reason) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    gateway.sandbox.failNext({ on: 'GET', status: 200, body: withTags([tag]) })
    const removal = { input: { uuid: '1', removeTags: ['vip'] } }
    const body = JSON.stringify({ query, variables: removal })
    const response = await gateway.post(body, { 'x-api-key': key })
    const message = `${reason} Tags are removed exactly as they are spelled.`
    const userErrors = [{ field: ['input', 'removeTags', '0'], message, code: 'CONFLICT' }]
    expect(await response.json()).toEqual({ data: { updateContact: { userErrors } } })
    expect(gateway.sandbox.requests.map(({ method }) => method)).toEqual(['GET'])
  })
})

describe('ids that JavaScript takes for its own', () => {
  test.each(['constructor', '__proto__', 'toString', 'phone', 'bsuid'])('%s', async (id) => {
    const gateway = await createTestGateway()
    const query = `mutation{addConversationNote(input:{uuid:"${id}",text:"Hi"}){userErrors{field}} deleteContact(input:{uuid:"${id}"}){userErrors{field}}}`
    const userErrors = [{ field: ['input', 'uuid'] }]
    expect(await gateway.execute(query)).toEqual({
      data: { addConversationNote: { userErrors }, deleteContact: { userErrors } },
    })
    expect(gateway.sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST /v1/contacts/${id}/conversation/note`,
      `DELETE /v1/contacts/${id}`,
    ])
    const metrics = await (await fetch(new URL('/metrics', gateway.url))).text()
    expect(metrics.match(/attempts_total\{.*$/gm)?.filter((line) => !line.endsWith(' 0'))).toEqual([
      'attempts_total{method="POST",route="/contacts/{uuid}/conversation/note",result="404"} 1',
      'attempts_total{method="DELETE",route="/contacts/{uuid}",result="404"} 1',
    ])
  })
})

describe('bodies', () => {
  test('25 MB are not read', async () => {
    const gateway = await createTestGateway()
    const response = await gateway.post(' '.repeat(25_000_000))
    expect(await told(response)).toEqual(tooLarge('25,000,000'))
  })

  test('25 MB in chunks, whose size nobody told, are not read', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    )
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
    const chunk = `10000\r\n${' '.repeat(0x1_0000)}\r\n`
    let sent = 0
    while (!socket.destroyed && socket.writable && sent < 25_000_000) {
      sent += chunk.length
      if (!socket.write(chunk))
        await Promise.race([once(socket, 'drain').catch(() => undefined), closed(socket)])
    }
    await closed(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(sent).toBeLessThan(12_000_000)
  })

  test('a body that is announced to be too large is refused before any of it comes', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.setEncoding('utf8').write(`${headOfPost}content-length: 100001\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('100,000 bytes are read, and one more is not', async () => {
    const gateway = await createTestGateway()
    const query = '{"query":"{__typename}"}'
    expect(await told(await gateway.post(query.padEnd(100_000)))).toEqual({
      status: 200,
      data: { __typename: 'Query' },
      errors: undefined,
    })
    expect(await told(await gateway.post(query.padEnd(100_001)))).toEqual(tooLarge('100,001'))
  })

  test.each(['gzip', 'deflate', 'br', 'zstd'])(
    'a body that is compressed with %s is not unpacked',
    async (encoding) => {
      const gateway = await createTestGateway()
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        body: gzipSync('{"query":"{__typename}"}'),
      })
      expect(await told(response)).toEqual({
        status: 415,
        data: undefined,
        errors: ['BAD_REQUEST: Send the request body uncompressed, without `content-encoding`.'],
      })
    },
  )
})

describe('bodies that cost more than their bytes', () => {
  const query = '{"query":"{__typename}"}'
  const lastChunk = '0\r\n\r\n'
  const mutation = JSON.stringify({ query: `mutation{${create}}` })
  const wholeMutation = `${headOfPost}content-length: ${mutation.length}\r\n\r\n${mutation}`
  const tooManyChunks =
    'BAD_REQUEST: The request body came in 2,041 chunks with 2,041 bytes; the limit is 2,000 chunks and one more for each 50 bytes'

  test.each([
    ['99,990 of them', tinyChunks(99_990)],
    ['a whole body of them, and a mutation behind it', tinyChunks(3000) + lastChunk + wholeMutation],
  ])('chunks of one byte: %s', async (_name, chunks) => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, chunkedHead + chunks)
    expect(answers.map(summary)).toEqual([{ status: 400, connection: 'close', errors: [tooManyChunks] }])
    expect(upstream(gateway)).toBe(0)
    await expectService(gateway)
  })

  test.each([
    [
      'without credentials',
      chunkedHead,
      401,
      ['UNAUTHENTICATED: Missing or invalid credentials. Send an API key in `x-api-key`.'],
    ],
    ['to a path that does not exist', chunkedHead.replace('/graphql', '/nowhere'), 404, undefined],
    ['behind a health check', chunkedHead.replace('POST /graphql', 'GET /livez'), 200, undefined],
  ])('chunks of one byte %s', async (_name, head, status, errors) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => [] } })
    const answers = await sendRaw(gateway.url, head + tinyChunks(99_990) + lastChunk + wholeMutation)
    expect(answers.map(summary)).toEqual([{ status, connection: 'close', errors }])
    expect(upstream(gateway)).toBe(0)
  })

  test.each([
    ['2,000 chunks of one byte', tinyChunks(1977) + query.replaceAll(/./g, (byte) => tinyChunks(1, byte))],
    ['3,900 chunks of 25 bytes', `19\r\n${' '.repeat(25)}\r\n`.repeat(3899) + `19\r\n${query} \r\n`],
  ])('an unusual client is served: %s', async (_name, chunks) => {
    const gateway = await createTestGateway()
    const bytes = closing(chunkedHead) + chunks + lastChunk
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, '{"data":{"__typename":"Query"}}'],
    ])
  })

  test('a client that writes a small body byte by byte is served', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.setNoDelay(true)
    const reading = readAll(socket)
    socket.write(`${headOfPost}connection: close\r\ncontent-length: ${query.length}\r\n\r\n`)
    for (const byte of query) await write(socket, byte)
    expect(await reading).toMatch(/^HTTP\/1\.1 200 [\s\S]*\{"data":\{"__typename":"Query"\}\}$/)
  })

  test.each([
    [
      'empty lines between two requests',
      'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n',
      '\r\n'.repeat(50_000),
    ],
    ['zeros before the size of a chunk', chunkedHead, '0'.repeat(100_000)],
  ])('%s without an end', async (_name, head, bytes) => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url)
    socket.resume().write(head)
    await flood(socket, bytes)
    expect(upstream(gateway)).toBe(0)
    await expectService(gateway)
  })
})

describe('bodies that are never finished', () => {
  const head = `${headOfPost}content-length: 100000\r\n\r\n`
  const query = '{"query":"{__typename}"}'
  const unfinished = (head + query).padEnd(head.length + 99_980)

  /** Opens a connection with a body that lacks 20 bytes, and waits until the gateway has read it. */
  async function sendUnfinished(gateway: TestGateway): Promise<{ socket: Socket; answer: Promise<string> }> {
    const socket = await openSocket(gateway.url)
    const answer = readAll(socket)
    await write(socket, unfinished)
    // The gateway reads what came before this request first.
    await fetch(new URL('/livez', gateway.url))
    return { socket, answer }
  }

  test('the oldest of the largest is cut, and the others are served', async () => {
    const gateway = await createTestGateway({ limits: { bodyMemoryBytes: 250_000 } })
    const small = await openSocket(gateway.url)
    const smallAnswer = readAll(small)
    small.write(
      `${headOfPost}connection: close\r\ncontent-length: ${query.length}\r\n\r\n${query.slice(0, -1)}`,
    )
    const first = await sendUnfinished(gateway)
    const second = await sendUnfinished(gateway)
    const third = await sendUnfinished(gateway)
    const [refused] = readAnswers(await first.answer)
    expect([refused?.status, refused?.headers['connection'], refused?.headers['retry-after']]).toEqual([
      503,
      'close',
      '1',
    ])
    expect(JSON.parse(refused?.body ?? '').errors).toEqual([
      {
        message: expect.stringMatching(
          /^The gateway is receiving too many large request bodies: they take 2\d\d,\d\d\d bytes of memory, and the limit is 250,000 bytes$/,
        ),
        extensions: {
          code: 'OVERLOADED',
          outcome: 'NOT_APPLIED',
          retryable: true,
          retryAfterMs: 1000,
          requestId: expect.any(String),
        },
      },
    ])
    await expectService(gateway)
    small.write(query.slice(-1))
    second.socket.write(' '.repeat(20))
    third.socket.write(' '.repeat(20))
    expect(await smallAnswer).toMatch(/^HTTP\/1\.1 200 /)
    await expect.poll(() => [second.socket.bytesRead > 0, third.socket.bytesRead > 0]).toEqual([true, true])
    second.socket.destroy()
    third.socket.destroy()
    expect([await second.answer, await third.answer]).toEqual([
      expect.stringMatching(/^HTTP\/1\.1 200 /),
      expect.stringMatching(/^HTTP\/1\.1 200 /),
    ])
  })

  const whole = unfinished + ' '.repeat(20)
  test.each([
    ['has been read', closing(whole), 200],
    ['was refused with its request', closing(whole.replace('application/json', 'text/plain')), 415],
    ['was refused before it was whole', unfinished.replace('application/json', 'text/plain'), 415],
    ['is too large', closing(`${chunkedHead}186a1\r\n${' '.repeat(100_001)}\r\n`), 413],
  ])('the memory of a body is free again when it %s', async (_name, bytes, status) => {
    const gateway = await createTestGateway({ limits: { bodyMemoryBytes: 250_000 } })
    for (let round = 0; round < 4; round += 1) {
      const answers = await sendRaw(gateway.url, bytes)
      expect(answers.map((answer) => answer.status)).toEqual([status])
    }
    await expectFreeMemory(gateway)
  })

  test('the memory of a body is free again when its sender has gone', async () => {
    const gateway = await createTestGateway({ limits: { bodyMemoryBytes: 250_000 } })
    for (let round = 0; round < 4; round += 1) {
      const { socket } = await sendUnfinished(gateway)
      socket.destroy()
    }
    await expect.poll(() => gateway.connections()).toBeLessThan(2)
    await expectFreeMemory(gateway)
  })

  /** Two bodies fill the memory: that both stay shows that no other takes any of it. */
  async function expectFreeMemory(gateway: TestGateway): Promise<void> {
    const bodies = [await sendUnfinished(gateway), await sendUnfinished(gateway)]
    await expectService(gateway)
    expect(bodies.map(({ socket }) => socket.bytesRead)).toEqual([0, 0])
  }
})

describe('bodies that nobody reads', () => {
  const key = { 'x-api-key': 'k' }
  const apiKeys = [{ name: 'a', digest: hash('sha256', 'k', 'buffer'), scopes: new Set(scopes) }]

  /** Requests with a body that is not read, and the answer's status. */
  const unread: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ['POST /graphql', {}, 401],
    ['POST /nowhere', key, 404],
    ['GET /nowhere', key, 404],
    ['DELETE /graphql', key, 405],
    ['POST /graphql', { ...key, accept: 'text/html' }, 406],
    ['POST /graphql', key, 413],
    ['POST /graphql', { ...key, 'content-type': 'text/plain' }, 415],
    ['POST /graphql', { ...key, 'content-encoding': 'gzip' }, 415],
    ['POST /graphql', { ...key, expect: 'more' }, 417],
    ['POST /graphql', { ...key, host: 'evil.example' }, 421],
    ['POST /graphql', { ...key, host: '1.2.3.4.5' }, 400],
    ['GET /graphql', { ...key, 'sec-fetch-site': 'cross-site' }, 403],
    ['GET /graphql?query={__typename}', key, 200],
    ['OPTIONS /graphql', {}, 204],
    ['GET /', {}, 302],
    ['GET /livez', {}, 200],
    ['HEAD /livez', {}, 200],
    ['GET /readyz', {}, 200],
    ['GET /metrics', key, 200],
  ]

  test('an answer before the body closes the connection', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const answers = unread.map(async ([request, given]) => {
      const socket = await openSocket(gateway.url, true)
      const answer = readAll(socket)
      const headers = { host: 'localhost', 'content-type': 'application/json', ...given }
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`${request} HTTP/1.1\r\n${lines.join('')}content-length: 10000000000\r\n\r\n`)
      await flood(socket, Buffer.alloc(100_000))
      const [head = ''] = (await answer).split('\r\n\r\n', 1)
      const isClosing = /\r\nconnection: close(?:\r\n|$)/i.test(head)
      return [request, given, Number(head.split(' ')[1]), isClosing]
    })
    expect(await Promise.all(answers)).toEqual(unread.map((row) => [...row, true]))
    expect(upstream(gateway)).toBe(0)
  })

  test('gigabytes behind an answer are not read', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const socket = await openSocket(gateway.url, true)
    socket.resume().write(`${headOfPost}content-length: 10000000000\r\n\r\n`)
    // One megabyte is read. The buffers of the two sockets take a few more.
    expect(await flood(socket, Buffer.alloc(1_000_000))).toBeLessThan(30_000_000)
    await expect.poll(() => gateway.connections()).toBe(0)
  })

  test.each([
    ['a body that has begun', 90_001, '{'],
    ['a body that is too large', 900_000, '{'],
    ['a body of which nothing has come', 90_000, ''],
  ])('a client that is still sending can read the answer: %s', async (_name, length, start) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const socket = await openSocket(gateway.url)
    const failures: Error[] = []
    socket.on('error', (error) => failures.push(error))
    socket.write(`${headOfPost}content-length: ${length}\r\n\r\n${start}`)
    // The answer waits in the client's buffer while it sends.
    await once(socket, 'readable')
    await write(socket, ' '.repeat(length - start.length))
    const answer = readAll(socket)
    socket.end()
    expect(await answer).toMatch(
      /^HTTP\/1\.1 401 [\s\S]*"Missing or invalid credentials\. Send an API key in `x-api-key`\."/,
    )
    expect(failures).toEqual([])
  })

  test('the connection is kept where the whole request has arrived', async () => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => apiKeys } })
    const socket = await openSocket(gateway.url)
    const body = '{"query":"{__typename}"}'
    const bytes = `${headOfPost}content-length: ${body.length}\r\n\r\n${body}`
    for (let round = 0; round < 3; round += 1) {
      socket.write(bytes)
      const [answer] = readAnswers(String((await once(socket, 'data'))[0]))
      expect([answer?.status, answer?.headers['connection']]).toEqual([401, 'keep-alive'])
    }
  })

  test('a mutation behind such a body is not run, since its answer could not be read', async () => {
    const gateway = await createTestGateway()
    const socket = await openSocket(gateway.url, true)
    const body = JSON.stringify({ query: `mutation{${create}}` })
    const mutation = `${headOfPost}content-length: ${body.length}\r\n\r\n${body}`
    let answers = ''
    socket.on('data', (chunk) => (answers += String(chunk)))
    socket.write('POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n')
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(0)
    socket.write(`12345${mutation}`)
    await expect.poll(() => gateway.connections()).toBe(0)
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404'])
    expect(upstream(gateway)).toBe(0)
  })
})

describe('a gateway with a heap of 256 MB', () => {
  const heavy = { NODE_OPTIONS: '--max-old-space-size=256', LOG_LEVEL: 'error' }
  const digest = hash('sha256', 'k')
  const keys = { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `web:${digest}` }
  const manyChunks = chunkedHead + tinyChunks(99_990)
  const unfinished = `${headOfPost}content-length: 100000\r\n\r\n${' '.repeat(99_980)}`

  test.each<[string, Readonly<Record<string, string>>, number, string, number]>([
    ['20 bodies of 99,990 chunks', {}, 20, manyChunks, 20],
    ['20 bodies of 99,990 chunks without credentials', keys, 20, manyChunks, 20],
    // The memory for bodies is enough for 335 of them.
    ['1,900 bodies that are never finished', {}, 1900, unfinished, 1500],
    ['1,900 bodies that are never finished, without credentials', keys, 1900, unfinished, 1900],
  ])(
    'survives %s, and serves others',
    async (_name, variables, count, bytes, mostlyClosed) => {
      const gateway = startGateway({ ...heavy, ...variables })
      const url = await gateway.url
      const sockets: Socket[] = []
      while (sockets.length < count) {
        const opened = await Promise.all(Array.from({ length: 20 }, () => openSocket(url)))
        for (const socket of opened) socket.resume().write(bytes)
        sockets.push(...opened)
        expect(await askAll(url)).toEqual([200, 200])
      }
      await expect
        .poll(() => sockets.filter(({ closed: isClosed }) => isClosed).length)
        .toBeGreaterThanOrEqual(mostlyClosed)
      expect(await askAll(url)).toEqual([200, 200])
      const peak = gateway.peakMemoryBytes()
      // Without load it takes 170 MB. With unbounded bodies these attacks took 370 to 500 MB.
      if (peak !== undefined) expect(peak).toBeLessThan(320_000_000)
      for (const socket of sockets) socket.destroy()
      gateway.kill('SIGTERM')
      expect(await gateway.ended).toEqual({ code: 0, signal: null })
    },
    180_000,
  )
})

describe('requests that two servers read differently', () => {
  const body = JSON.stringify({ query: `mutation{${create}}` })
  const post = (headers: string, rest = body): string =>
    `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}\r\n\r\n${rest}`

  test.each([
    ['a length and chunks', post(`content-length: ${body.length}\r\ntransfer-encoding: chunked`)],
    ['chunks and a length', post(`transfer-encoding: chunked\r\ncontent-length: ${body.length}`)],
    ['two lengths', post(`content-length: ${body.length}\r\ncontent-length: 3`)],
    ['two lengths in one header', post(`content-length: ${body.length}, ${body.length}`)],
    ['a length that is negative', post('content-length: -1')],
    ['a length that is no number', post('content-length: 0x10')],
    ['a length that is too large for any number', post('content-length: 99999999999999999999')],
    ['an encoding that is nearly chunked', post('transfer-encoding: xchunked')],
    ['chunked twice', post('transfer-encoding: chunked, chunked')],
    ['chunked and something after it', post('transfer-encoding: chunked, identity')],
    ['a space before the colon', post(`content-length : ${body.length}`)],
    ['a header that is folded', post(`content-length:\r\n ${body.length}`)],
    [
      'lines that end without a carriage return',
      post(`content-length: ${body.length}`).replaceAll('\r\n', '\n'),
    ],
    ['a carriage return in a header', post(`x-a: b\rc\r\ncontent-length: ${body.length}`)],
    ['a null byte in a header', post(`x-a: b\0c\r\ncontent-length: ${body.length}`)],
    ['a chunk whose size is no number', post('transfer-encoding: chunked', 'zz\r\n')],
    ['no host', post(`content-length: ${body.length}`).replace('host: localhost\r\n', '')],
    ['a host that is empty', post(`content-length: ${body.length}`).replace('localhost', '')],
    [
      'a host with a user',
      post(`content-length: ${body.length}`).replace('localhost', 'evil.example@localhost'),
    ],
    ['a host with a path', post(`content-length: ${body.length}`).replace('localhost', 'localhost/x?')],
    ['two hosts', post(`host: evil.example\r\ncontent-length: ${body.length}`)],
    ['HTTP/2 in clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/9.9', post(`content-length: ${body.length}`).replace('1.1', '9.9')],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
  ])('%s', async (_name, bytes) => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(upstream(gateway)).toBe(0)
  })

  test('a broken request behind a whole one does not answer for it', async () => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, `${post(`content-length: ${body.length}`)}GARBAGE\r\n\r\n`)
    expect(answers.map(({ status, body: text }) => [status, text])).toEqual([
      [200, '{"data":{"createContact":{"contact":{"name":"Ada"}}}}'],
    ])
    expect(upstream(gateway)).toBe(1)
  })

  test('headers of 17 kB', async () => {
    const gateway = await createTestGateway()
    const [answer] = await sendRaw(
      gateway.url,
      `GET /livez HTTP/1.1\r\nhost: localhost\r\nx-a: ${'a'.repeat(17_000)}\r\n\r\n`,
    )
    expect([answer?.status, JSON.parse(answer?.body ?? '').errors[0].message]).toEqual([
      431,
      'The request’s headers are too large; the limit is 16384 bytes',
    ])
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'HEAD', 'PROPFIND'])('the method %s', async (method) => {
    const gateway = await createTestGateway()
    const [answer] = await sendRaw(
      gateway.url,
      `${method} /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    )
    expect([answer?.status, answer?.headers['allow']]).toEqual([405, 'GET, POST'])
  })

  test.each([
    '/graphiql/../graphql',
    '/graphiql/..%2f..%2fpackage.json',
    '//graphql',
    '/graphql%00',
    '/GRAPHQL',
    '/graphql;x',
    '/graphql/',
    '/graphql#x',
    '/%67raphql',
    '/livez/',
    '/./livez',
    '/%6divez',
    '/%6civez',
    '/livez%3fexclude=store',
    '/livez\\..\\metrics',
    '/x\\..\\metrics',
    '/x/../metrics',
    '/x/%2e%2e/metrics',
    '/x/.%2E/readyz',
    '/metrics/.',
    '/metrics%20',
    '\\metrics',
    '/../../../etc/passwd',
  ])('the path %s is matched as it was sent', async (path) => {
    const gateway = await createTestGateway()
    const target = path.startsWith('/') ? path : `/${path}`
    const [answer] = await sendRaw(
      gateway.url,
      `GET ${target}?query={__typename} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    )
    expect([answer?.status, answer?.body]).toEqual([404, 'Not found\n'])
  })

  test.each(['x/../', './', '%2e/', '/', '..\\graphiql\\'])('a file of GraphiQL as %s', async (prefix) => {
    const gateway = await createTestGateway()
    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    const script = /\/graphiql\/(start-\w+\.js)/.exec(await page.text())?.[1] ?? ''
    const head = 'HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
    const [found] = await sendRaw(gateway.url, `GET /graphiql/${script} ${head}`)
    const [notFound] = await sendRaw(gateway.url, `GET /graphiql/${prefix}${script} ${head}`)
    expect([found?.status, notFound?.status]).toEqual([200, 404])
  })

  test.each([
    ['another host', 'http://evil.example/graphql'],
    ['another port', 'http://localhost:1/graphql'],
    ['a user', 'http://evil.example@localhost/graphql'],
    ['a user without a name', 'http://@localhost/graphql'],
    ['no host', 'http:///graphql'],
    ['a host with an end of its own', 'http://localhost\\@evil.example/graphql'],
    ['a fragment', 'http://localhost/graphql#x'],
    ['another scheme', 'https://localhost/graphql'],
    ['a scheme that is not HTTP', 'ftp://localhost/graphql'],
    ['no path', 'localhost'],
    ['an asterisk', '*'],
  ])('a target with %s', async (_name, target) => {
    const gateway = await createTestGateway()
    const bytes = post(`content-length: ${body.length}`).replace('/graphql', target)
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(upstream(gateway)).toBe(0)
  })

  test.each([
    ['a target that is a URL, and no host', 'GET http://localhost/livez HTTP/1.0\r\n\r\n'],
    ['GraphQL by HTTP/1.0 without a host', 'GET /graphql?query={__typename} HTTP/1.0\r\n\r\n'],
    ['the metrics by HTTP/1.0 without a host', 'GET /metrics HTTP/1.0\r\n\r\n'],
    ['a health check by HTTP/1.0 at another path', 'GET /x/../livez HTTP/1.0\r\n\r\n'],
    ['a health check by HTTP/1.0 with two hosts', 'GET /livez HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n'],
    ['a health check by HTTP/1.0 with an empty host', 'GET /livez HTTP/1.0\r\nhost:\r\n\r\n'],
    ['a health check by HTTP/1.1 without a host', 'GET /livez HTTP/1.1\r\n\r\n'],
  ])('%s', async (_name, bytes) => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, bytes)
    expect(answers.map(summary)).toEqual([
      {
        status: 400,
        connection: 'close',
        errors: ['BAD_REQUEST: The request must have one Host header, which names a host'],
      },
    ])
  })

  test('an upgrade to another protocol is not made', async () => {
    const gateway = await createTestGateway()
    const [answer] = await sendRaw(
      gateway.url,
      'GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\nconnection: close\r\n\r\n',
    )
    expect(answer?.status).toBe(200)
  })
})

describe('someone who has time', () => {
  test.each<[string, (socket: Socket) => void, RegExp]>([
    ['says nothing', () => undefined, /^HTTP\/1\.1 408 /],
    [
      'sends a header byte by byte',
      (socket) => {
        socket.write('GET /livez HTTP/1.1\r\nx: ')
        drip(socket, 'y')
      },
      /^HTTP\/1\.1 408 /,
    ],
    [
      'sends header after header',
      (socket) => {
        socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n')
        drip(socket, 'x: y\r\n')
      },
      /^HTTP\/1\.1 408 [\s\S]*"The request did not arrive in time; the limits are \d+ ms for its head and \d+ ms for all of it"/,
    ],
    [
      'sends its body byte by byte',
      (socket) => {
        socket.write(`${headOfPost}content-length: 1000\r\n\r\n`)
        drip(socket, ' ')
      },
      /^HTTP\/1\.1 408 [\s\S]*"The request did not arrive in time; the limits are \d+ ms for its head and \d+ ms for all of it"/,
    ],
    [
      'stops in the middle of its body',
      (socket) => void socket.write(`${headOfPost}content-length: 1000\r\n\r\n{`),
      /^HTTP\/1\.1 408 /,
    ],
  ])('a caller who %s is told so and cut off, and others are served', async (_name, behave, answer) => {
    const gateway = await createTestGateway({ limits: shortLimits })
    const socket = await openSocket(gateway.url)
    const reading = readAll(socket)
    behave(socket)
    await expectService(gateway)
    expect(await reading).toMatch(answer)
    await expectService(gateway)
  })

  test('a caller who goes on sending after the refusal is cut off', async () => {
    const gateway = await createTestGateway({ limits: shortLimits })
    const socket = await openSocket(gateway.url, true)
    socket.resume()
    socket.write(`${headOfPost}content-length: 90000\r\n\r\n`)
    drip(socket, ' ')
    await closed(socket)
    await expect.poll(() => gateway.connections()).toBe(0)
  })

  test('answers that nobody takes do not fill the memory', async () => {
    const gateway = await createTestGateway({ limits: { untakenBytes: 10_000_000 } })
    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    const script = /\/graphiql\/graphiql-\w+\.js/.exec(await page.text())?.[0]
    const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(gateway.url)))
    for (const socket of sockets) {
      socket.pause()
      socket.write(`GET ${script} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    }
    await expect.poll(() => gateway.connections()).toBeLessThan(5)
  })

  test('a connection that is kept without being used is closed', async () => {
    const gateway = await createTestGateway({ limits: shortLimits })
    const answers = await sendRaw(gateway.url, 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
    expect(answers.map(({ body }) => body)).toEqual(['{"live":true}'])
  })

  test('a caller who reads nothing is cut off', async () => {
    const gateway = await createTestGateway({ limits: shortLimits })
    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    const script = /\/graphiql\/graphiql-\w+\.js/.exec(await page.text())?.[0]
    const socket = await openSocket(gateway.url)
    socket.pause()
    // Nine megabytes: more than what the sockets take by themselves.
    socket.write(`GET ${script} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    // The one of `fetch` is closed for being idle, this one for reading nothing.
    await expect.poll(() => gateway.connections()).toBe(0)
    await expectService(gateway)
  })

  test.each([
    ['has been idle for longest', ''],
    ['stopped in the middle of its body', `${headOfPost}content-length: 1000\r\n\r\n{`],
  ])('one connection too many closes the one that %s, and none that is served', async (_name, bytes) => {
    const gateway = await createTestGateway({ limits: { connections: 3 } })
    gateway.sandbox.failNext({ delayMs: 60_000 })
    const served = await openSocket(gateway.url)
    const body = JSON.stringify({ query: '{contact(uuid:"1"){name}}' })
    served.write(`${headOfPost}content-length: ${body.length}\r\n\r\n${body}`)
    await expect.poll(() => gateway.sandbox.requests.length).toBe(1)
    const idle = await openSocket(gateway.url)
    idle.write(bytes)
    // An answer to the next one shows that these bytes have been read.
    const next = await openSocket(gateway.url)
    next.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await new Promise((resolve) => void next.once('data', resolve))
    const last = await openSocket(gateway.url)
    await closed(idle)
    expect([served.closed, next.closed, last.closed]).toEqual([false, false, false])
  })

  test('10,000 connections that say nothing keep nobody out', async () => {
    const gateway = startGateway()
    const url = await gateway.url
    const silent: Socket[] = []
    while (silent.length < 10_000) {
      silent.push(...(await Promise.all(Array.from({ length: 250 }, () => openSocket(url)))))
    }
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{contact(uuid:\\"1\\"){name}}"}',
    })
    expect(await response.json()).toEqual({ data: { contact: null } })
    // Of theirs, the newest are left: all others made room.
    await expect.poll(() => silent.filter((socket) => !socket.closed).length).toBeLessThan(2000)
    for (const socket of silent) socket.destroy()
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
  }, 60_000)
})

const keyedCreate =
  'mutation($i:CreateContactInput!){createContact(input:$i){contact{name customFields{value}} replayed}}'
const largeValue = 'x'.repeat(90_000)
const twoCallers = ['attacker', 'honest'].map((name) => ({
  name,
  digest: hash('sha256', name, 'buffer'),
  scopes: new Set(['contacts:read', 'contacts:write'] as const),
}))
const authentication = { apiKeys: () => twoCallers }

async function createKeyed(url: string, caller: string, key: string | null, value = 'x'): Promise<object> {
  const i = {
    identifier: '+39 02 5',
    source: 'WHATSAPP',
    name: 'Ada',
    customFields: [{ name: 'Billing Address', value }],
    idempotencyKey: key,
  }
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': caller },
    body: JSON.stringify({ query: keyedCreate, variables: { i } }),
  })
  return resultOf(await response.json())
}

function resultOf({ data, errors }: { data?: Record<string, object>; errors?: readonly [Shown] }): object {
  if (errors === undefined) return Object.values(data ?? {})[0] ?? {}
  const [{ message, extensions }] = errors
  return { message, ...extensions, requestId: undefined }
}

interface Shown {
  readonly message: string
  readonly extensions: object
}

const made = (replayed: boolean, value = 'x') => ({
  contact: { name: 'Ada', customFields: [{ value }] },
  replayed,
})
const storeIsFull = {
  message: 'The gateway’s store accepts no new idempotency keys. Nothing was changed.',
  code: 'STORE_UNAVAILABLE',
  outcome: 'NOT_APPLIED',
  retryable: true,
}

async function readiness(url: string): Promise<unknown[]> {
  const response = await fetch(new URL('/readyz', url))
  const { reasons } = await response.json()
  return [response.status, reasons]
}
const storeProblem = (reason: string): unknown[] => [
  503,
  [`store: ${reason}; calls with a new idempotency key are refused`],
]

/** Rejects where there is none. */
async function codeOf(call: Promise<object>): Promise<unknown> {
  const result = await call
  if ('code' in result) return result.code
  throw new Error('the call succeeded')
}

describe('a store that one caller fills, and a contact that one caller keeps busy', () => {
  test.runIf(hasRedis)('keys with contacts of 90 kB fill the caller’s share, and not the Redis', async () => {
    const redis = await startRedis()
    const client = await createClient({ url: redis.url }).connect()
    const memory = /used_memory:(\d+)/.exec(await client.info('memory'))?.[1]
    await client.close()
    // Room for 33 such contacts.
    await redis.configure('maxmemory', String(Number(memory) + 3_000_000))
    const store = await openTestStore(redis.url)
    const gateway = await createTestGateway({ store, authentication, callerStoreBytes: 40_000 })
    const answers: object[] = []
    for (const n of many(100)) answers.push(await createKeyed(gateway.url, 'attacker', `${n}`, largeValue))
    const refused = answers.filter((each) => 'code' in each)
    expect(answers.slice(0, -refused.length)).toEqual(
      many(100 - refused.length).map(() => made(false, largeValue)),
    )
    expect(refused.length).toBeGreaterThan(20)
    expect(refused.slice(1)).toEqual(refused.slice(1).map(() => refused[0]))
    expect(refused[0]).toEqual({
      message: expect.stringMatching(
        /^This caller’s idempotency keys use 3\d,\d{3} bytes of the gateway’s store, and a new one may need 8,256; the limit is 40,000 bytes. Nothing was changed.$/,
      ),
      code: 'STORE_QUOTA_EXCEEDED',
      outcome: 'NOT_APPLIED',
      retryable: true,
    })
    expect(upstream(gateway)).toBe(100 - refused.length)
    // What was made under a key is still answered, from Callbell; and nobody else notices.
    expect(await createKeyed(gateway.url, 'attacker', '0', largeValue)).toEqual(made(true, largeValue))
    expect(await createKeyed(gateway.url, 'honest', '0')).toEqual(made(false))
    expect(upstream(gateway)).toBe(102 - refused.length)
    expect(await readiness(gateway.url)).toEqual([200, []])
  })

  test.runIf(hasRedis)('a Redis that is full all the same', async () => {
    const redis = await startRedis()
    const store = await openTestStore(redis.url)
    const gateway = await createTestGateway({ store, authentication })
    expect(await createKeyed(gateway.url, 'honest', '0')).toEqual(made(false))
    await redis.configure('maxmemory', '1')
    expect(await createKeyed(gateway.url, 'honest', '1')).toEqual(storeIsFull)
    expect(await createKeyed(gateway.url, 'honest', '0')).toEqual(made(true))
    expect(await readiness(gateway.url)).toEqual(storeProblem('Redis is out of memory'))
    expect(upstream(gateway)).toBe(1)
  })

  test('a disk that is full', async () => {
    const sandbox = await openSandbox()
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
    const main = join(import.meta.dirname, '../../src/main.ts')
    // Files may grow to some hundred kilobytes: a write beyond that fails as on a full disk.
    const child = spawn('sh', ['-c', `ulimit -f 400; exec "${process.execPath}" "${main}"`], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        CALLBELL_API_TOKEN: 't',
        CALLBELL_API_URL: sandbox.url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const url = await followGateway(child, folder).url
    const answers: object[] = []
    while (!answers.some((each) => 'code' in each) && answers.length < 200) {
      answers.push(await createKeyed(url, 'anyone', `${answers.length}`, 'x'.repeat(6000)))
    }
    expect(answers.at(-1)).toEqual(storeIsFull)
    expect(answers.slice(0, -1)).toEqual(answers.slice(1).map(() => made(false, 'x'.repeat(6000))))
    expect(await createKeyed(url, 'anyone', '0', 'x'.repeat(6000))).toEqual(made(true, 'x'.repeat(6000)))
    const reason = 'The store’s file cannot be written (disk I/O error)'
    await expect.poll(() => readiness(url)).toEqual(storeProblem(reason))
    expect(postsOf(sandbox)).toHaveLength(answers.length - 1)
  })

  test('someone else on the machine who reads the store’s files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'store-'))
    chmodSync(folder, 0o777)
    const before = process.umask(0)
    const store = await openTestStore(`sqlite:${join(folder, 'gateway.db')}`)
    process.umask(before)
    const gateway = await createTestGateway({ store })
    expect(await createKeyed(gateway.url, 'anyone', '0')).toEqual(made(false))
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600])
    expect(upstream(gateway)).toBe(1)
  })

  test('60 edits of one contact’s tags, and an edit of another caller', async () => {
    let tags: unknown = []
    const release = Promise.withResolvers<void>()
    const callbell = await startRawUpstream((socket, number) => {
      const request = callbell.requests[number] ?? ''
      if (request.startsWith('PATCH')) ({ tags } = JSON.parse(request.slice(request.indexOf('\r\n\r\n'))))
      const send = () => socket.write(httpAnswer('200 OK', JSON.stringify({ contact: { uuid: 'u', tags } })))
      void (number === 0 ? release.promise.then(send) : send())
    })
    const gateway = await createTestGateway({ url: callbell.url, authentication, timeoutMs: 20_000 })
    const document =
      'mutation($i:UpdateContactInput!){updateContact(input:$i){contact{uuid} userErrors{message}}}'
    async function addTag(caller: string, tag: string): Promise<object> {
      const variables = { i: { uuid: 'u', addTags: [tag] } }
      const headers = { 'x-api-key': caller }
      return resultOf(
        await (await gateway.post(JSON.stringify({ query: document, variables }), headers)).json(),
      )
    }
    const edited = { contact: { uuid: 'u' }, userErrors: [] }
    const first = addTag('attacker', 'attacker 0')
    await expect.poll(() => callbell.requests.length).toBe(1)
    const waiting = many(60).map((n) => addTag('attacker', `attacker ${n + 1}`))
    // All but ten are refused, and those ten go on waiting.
    const refusals: object[] = []
    for (const edit of waiting) void edit.then((each) => refusals.push(each))
    await expect.poll(() => refusals.length).toBe(50)
    expect(refusals).toEqual(
      many(50).map(() => ({
        message:
          'This caller has 10 tag changes of this contact waiting already; the limit is 10. Nothing was changed.',
        code: 'OVERLOADED',
        outcome: 'NOT_APPLIED',
        retryable: true,
      })),
    )
    const honest = many(11).map((n) => addTag('honest', `honest ${n}`))
    // When one of them is refused, the other ten are waiting.
    expect(await Promise.any(honest.map(codeOf))).toBe('OVERLOADED')
    expect(callbell.requests).toHaveLength(1)
    release.resolve()
    const results = await Promise.all([first, ...waiting, ...honest])
    expect(results.filter((each) => !('code' in each))).toEqual(many(21).map(() => edited))
    const turns = callbell.requests.filter((request) => request.startsWith('PATCH'))
    // Whoever has the first turn of a round keeps it; the other has the next one.
    expect(turns.slice(0, 5).map((request) => /.*"(\w+) \d+"/.exec(request)?.[1])).toEqual([
      'attacker',
      'attacker',
      'honest',
      'attacker',
      'honest',
    ])
    // Three calls for each edit that was let in, and none for the others.
    expect(callbell.requests).toHaveLength(3 * 21)
    expect(tags).toHaveLength(21)
  })
})
