/**
 * The fast path changes only the cost of a request. Two gateways, one without it, receive each request
 * three times: the fast path leaves a new document to the general path, and runs it from then on. Responses
 * are compared byte for byte, and so are the requests to Callbell, the log and the counters.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { parseApiKeys } from '../../src/config/api-keys.ts'
import { readDocumentedOperations } from '../../src/http/playground/documented-operations.ts'
import type { SentRequest } from '../support/both-paths.ts'
import { answers, bodyOf as body, openPaths } from '../support/both-paths.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const create =
  'mutation CreateContact($input: CreateContactInput!) { createContact(input: $input) { contact { uuid name phoneNumber source sourceName createdAt tags customFields { name value values } team { id memberCount } channel { title } } replayed userErrors { field message code } } }'
const input = { identifier: '+39 02 1', source: 'TELEGRAM', name: 'Ada', tags: ['a'] }

test('every documented operation has the same response on both paths', async () => {
  const { expectSame, expectSameTraces } = await openPaths()
  for (const { query, variables, name } of await readDocumentedOperations()) {
    const given: unknown = JSON.parse(variables)
    const [plain] = await expectSame({ body: body(query, given) })
    expect(plain?.status).toBe(200)
    await expectSame({ body: body(query, given, { operationName: name }) })
    await expectSame({ body: body(query, given, { operationName: null, extensions: {} }) })
    await expectSame({ body: body(query) })
  }
  await expectSameTraces()
})

test.each(Object.keys(answers))(
  'a create whose response is %s has the same result on both paths',
  async (marker) => {
    const { expectSame, expectSameTraces } = await openPaths()
    await expectSame({ body: body(create, { input: { ...input, name: marker } }) })
    await expectSame({ body: body(create, { input: { ...input, name: marker, source: 'WHATSAPP' } }) })
    await expectSame({ body: body(`{ contact(uuid: "${marker}") { uuid name tags } }`) })
    const aliases = `mutation($a: CreateContactInput!, $b: CreateContactInput!) { a: createContact(input: $a) { contact { uuid } } b: createContact(input: $b) { contact { uuid } } }`
    await expectSame({ body: body(aliases, { a: input, b: { ...input, name: marker } }) })
    await expectSameTraces()
  },
)

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a list', []],
  ['a string', 'x'],
  ['no input', {}],
  ['a null input', { input: null }],
  ['an input of a wrong type', { input: 'x' }],
  ['an unknown key', { input: { ...input, nope: 1 } }],
  ['a wrong enum', { input: { ...input, source: 'SMS' } }],
  ['a number for a string', { input: { ...input, name: 5 } }],
  ['one value for a list', { input: { ...input, tags: 'a' } }],
  ['wrong in many places', { input: { identifier: 1, source: 2, name: 3, tags: [4, 5], note: 6 } }],
  ['a blank name', { input: { ...input, name: ' ' } }],
  ['a control character', { input: { ...input, name: 'a\u0000b' } }],
  ['lone surrogates', { input: { ...input, name: '\ud800' } }],
  [
    'both value and values',
    { input: { ...input, customFields: [{ name: 'A', value: 'x', values: ['y'] }] } },
  ],
  ['a prototype', { input: { ...input, customFields: [{ name: '__proto__', value: 'x' }] } }],
  ['variables that are not declared', { input, other: 1 }],
])('variables that are %s have the same result on both paths', async (_name, variables) => {
  const { expectSame, expectSameTraces } = await openPaths()
  await expectSame({ body: body(create, { input }) })
  await expectSame({ body: body(create, variables) })
  await expectSameTraces()
})

const typename = '{ __typename }'
const two = 'query A { __typename } query B { b: __typename }'
/** Apollo Client 4 sends it in each request. */
const apollo = { clientLibrary: { name: '@apollo/client', version: '4.3.8' } }

test.each<[string, SentRequest]>([
  ['is empty', { body: '' }],
  ['is not JSON', { body: '{' }],
  ['is a list', { body: `[${body(typename)}]` }],
  ['is a string', { body: '"x"' }],
  ['is null', { body: 'null' }],
  ['has no query', { body: '{}' }],
  ['has a query that is a number', { body: '{"query":1}' }],
  ['has a query that is null', { body: '{"query":null}' }],
  ['has an empty query', { body: '{"query":""}' }],
  ['has an unknown parameter', { body: body(typename, {}, { id: 1 }) }],
  ['has an unknown parameter that is null', { body: body(typename, {}, { id: null }) }],
  ['has its query twice', { body: '{"query":"{ a: __typename }","query":"{ b: __typename }"}' }],
  ['has a __proto__', { body: `{"query":"${typename}","__proto__":{"variables":{}}}` }],
  ['has a byte order mark', { body: `\ufeff${body(typename)}` }],
  [
    'is not UTF-8',
    { body: Buffer.from([...Buffer.from('{"query":"{ __typename }","x":"'), 0xff, 0x22, 0x7d]) },
  ],
  ['has white space around it', { body: ` \n${body(typename)}\n ` }],
  ['names an operation that does not exist', { body: body(typename, {}, { operationName: 'X' }) }],
  ['names an operation by a number', { body: body(typename, {}, { operationName: 5 }) }],
  ['names an operation by an empty string', { body: body(typename, {}, { operationName: '' }) }],
  ['names one of two operations by an empty string', { body: body(two, {}, { operationName: '' }) }],
  ['has extensions that are null', { body: body(typename, {}, { extensions: null }) }],
  ['has extensions that are a list', { body: body(typename, {}, { extensions: [] }) }],
  ['has extensions that are a string', { body: body(typename, {}, { extensions: 'x' }) }],
  ['has an unknown extension', { body: body(typename, {}, { extensions: { tracing: true } }) }],
  ['names its client library', { body: body(typename, {}, { extensions: apollo }) }],
  [
    'names its client library by a number',
    { body: body(typename, {}, { extensions: { clientLibrary: 1 } }) },
  ],
  [
    'names its client library and has a hash',
    { body: body(typename, {}, { extensions: { ...apollo, persistedQuery: { sha256Hash: 'x' } } }) },
  ],
  ['names none of two operations', { body: body(two) }],
  ['names one of two operations', { body: body(two, {}, { operationName: 'B' }) }],
  ['does not parse', { body: body('{ a') }],
  ['does not validate', { body: body('{ nothing }') }],
  ['reads the schema', { body: body('{ __schema { queryType { name } } }') }],
  [
    'skips by a variable',
    { body: body('query($s: Boolean!) { a: __typename b: __typename @skip(if: $s) }', { s: true }) },
  ],
  [
    'reads a list whose size is a variable',
    { body: body('query($n: Int) { contacts(first: $n) { nodes { uuid } } }', { n: 3 }) },
  ],
  ['reads a list that is too long', { body: body('{ contacts(first: 1000) { nodes { uuid } } }') }],
  ['reads a list of lists', { body: body('{ contacts(first: 100) { nodes { bot { status } } } }') }],
  [
    'reads one contact twice',
    { body: body('{ a: contact(uuid: "x") { name } b: contact(uuid: "x") { uuid } }') },
  ],
  ['reads a contact and teams', { body: body('{ a: contact(uuid: "x") { name } teams { name } }') }],
  ['is over the limit', { body: body(typename, { x: 'y'.repeat(100_000) }) }],
  ['has an invalid id as argument', { body: body('{ contact(uuid: "..") { name } }') }],
])('a body that %s has the same result on both paths', async (_name, sent) => {
  const { expectSame, expectSameTraces } = await openPaths()
  await expectSame(sent)
  await expectSameTraces()
})

const accepts = [
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'application/graphql-response+json, application/json;q=0.9',
  'application/json;q=0.9, application/graphql-response+json',
  'application/*',
  'text/html',
  'text/html, */*;q=0.1',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'APPLICATION/JSON',
  'text/event-stream',
  'multipart/mixed',
  '',
]

test.each(accepts)('a request that accepts %j has the same response on both paths', async (accept) => {
  const { expectSame } = await openPaths()
  for (const query of [
    typename,
    '{ contact(uuid: "x") { name } }',
    '{ contact(uuid: "unauthorized") { name } }',
  ]) {
    await expectSame({ headers: { accept }, body: body(query) })
  }
  await expectSame({ headers: { accept }, body: body(create, { input: 1 }) })
})

test.each<[string, SentRequest]>([
  [
    'with a charset',
    { headers: { 'content-type': 'application/json; charset=utf-8' }, body: body(typename) },
  ],
  ['as GraphQL JSON', { headers: { 'content-type': 'application/graphql+json' }, body: body(typename) }],
  ['as text', { headers: { 'content-type': 'text/plain' }, body: body(typename) }],
  ['compressed', { headers: { 'content-encoding': 'gzip' }, body: body(typename) }],
  ['as identity', { headers: { 'content-encoding': 'identity' }, body: body(typename) }],
  ['to another host', { headers: { host: 'gateway.example' }, body: body(typename) }],
  ['to an invalid host', { headers: { host: 'a b' }, body: body(typename) }],
  ['to localhost', { headers: { host: 'localhost:4000' }, body: body(typename) }],
  ['with a query in its URL', { path: '/graphql?query=%7Bx%7D', body: body(typename) }],
  ['to a URL beside it', { path: '/graphql/', body: body(typename) }],
  ['from an allowed origin', { headers: { origin: 'https://app.example' }, body: body(typename) }],
  ['from another origin', { headers: { origin: 'https://evil.example' }, body: body(typename) }],
  ['with a request id', { headers: { 'x-request-id': 'r1' }, body: body(typename) }],
  ['by PUT', { method: 'PUT', body: body(typename) }],
  ['with two cookies', { headers: { cookie: 'a=1; b=2' }, body: body(typename) }],
])('a request %s has the same response on both paths', async (_name, sent) => {
  const { expectSame } = await openPaths({ corsOrigins: ['https://app.example'] })
  await expectSame(sent)
})

const digest = (key: string): string => createHash('sha256').update(key).digest('hex')

test.each<[string, Readonly<Record<string, string>>]>([
  ['no key', {}],
  ['a wrong key', { 'x-api-key': 'x' }],
  ['a key', { 'x-api-key': 'w' }],
  ['a key as a bearer', { authorization: 'Bearer w' }],
  ['a key without the scope', { 'x-api-key': 'r' }],
  ['a key for metrics', { 'x-api-key': 'm' }],
])('a caller with %s has the same results on both paths', async (_name, headers) => {
  const parsed = parseApiKeys({
    GATEWAY_API_KEYS: `web:${digest('w')},reader:${digest('r')}:read,prometheus:${digest('m')}:metrics`,
    GATEWAY_API_KEYS_FILE: '',
  })
  if ('problems' in parsed) throw new Error(parsed.problems.join())
  const { expectSame, expectSameTraces } = await openPaths({ authentication: { apiKeys: () => parsed.keys } })
  // Both gateways cache the document.
  await expectSame({ headers: { 'x-api-key': 'w' }, body: body(create, { input }) })
  await expectSame({ headers, body: body(create, { input }) })
  await expectSame({ headers, body: body(typename) })
  await expectSame({ headers, body: body('{ contact(uuid: "x") { name } }') })
  await expectSameTraces()
})

test('a caller that exceeds its rate limit has the same errors on both paths', async () => {
  const { expectSame, expectSameTraces } = await openPaths({ callerRps: 1 })
  const three =
    '{ a: contact(uuid: "x") { name } b: contact(uuid: "y") { name } c: contact(uuid: "z") { name } }'
  const answered = await expectSame({ body: body(three) })
  expect(answered.map(({ status }) => status)).toEqual([429])
  await expectSameTraces()
})

test('unregistered documents and a registered one have the same responses on both paths', async () => {
  const documents = new Map([['a', typename]])
  const { expectSame } = await openPaths({ persistedDocuments: { documents, isExclusive: true } })
  await expectSame({ body: body(typename) })
  await expectSame({ body: body('{ b: __typename }') })
  await expectSame({ body: JSON.stringify({ documentId: 'a' }) })
  await expectSame({ body: JSON.stringify({ documentId: 'x' }) })
})

test('repeated and reused idempotency keys have the same results on both paths', async () => {
  const { expectSame, expectSameTraces } = await openPaths()
  for (const given of [{}, { name: 'Eve' }, { idempotencyKey: 'k2' }]) {
    await expectSame({ body: body(create, { input: { ...input, idempotencyKey: 'k1', ...given } }) })
  }
  await expectSameTraces()
})

test('a bug has the same response on both paths, and its stack shows the path', async () => {
  const { expectSame, fast } = await openPaths({
    contacts: {
      // The stack of an asynchronous error goes back as far as the fast path.
      find: () => Promise.resolve().then(() => Promise.reject(new Error('detail'))),
      findByBsuid: () => Promise.reject(new TypeError()),
    },
  })
  await expectSame({ body: body('{ contact(uuid: "x") { name } contactByBsuid(bsuid: "y") { name } }') })
  const stacks = fast.log.flatMap(({ err }) => JSON.stringify(err) ?? [])
  expect(stacks).toHaveLength(6)
  expect(stacks[1]).not.toContain('/fast-path.ts')
  expect(stacks[3]).toContain('/fast-path.ts')
  // Both paths run fields in the same file, and not by generated code.
  expect(stacks.every((stack) => stack.includes('/operations/execute-plan.ts'))).toBe(true)
})

const list = 'query ($first: Int) { contacts(first: $first) { nodes { uuid } } }'
const conditional =
  'query ($bot: Boolean!) { contacts(first: 3) { nodes { uuid bot @include(if: $bot) { botUuid } } } }'

/** @returns a gateway whose list of contacts is empty, and the path of each of its operations */
async function recordPaths() {
  const paths: string[] = []
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 100
  onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit))
  const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }
  const gateway = await createTestGateway({
    contacts: {
      // Called once for each operation, within the engine.
      list: () => {
        paths.push(new Error().stack?.includes('/fast-path.ts') ? 'fast' : 'general')
        return Promise.resolve({ edges: [], pageInfo })
      },
    },
  })
  return { ...gateway, paths }
}

test.each<[string, object, 'fast' | 'general']>([
  ['names its client library', { extensions: apollo }, 'fast'],
  ['has no extension', { extensions: {} }, 'fast'],
  ['has an unknown extension', { extensions: { ...apollo, tracing: true } }, 'general'],
  ['has an empty operation name', { operationName: '' }, 'fast'],
])('a request that %s takes the expected path from its second run', async (_what, rest, path) => {
  const { post, paths } = await recordPaths()
  for (let run = 1; run <= 2; run += 1) {
    const response = await post(body('{ contacts { nodes { uuid } } }', {}, rest))
    expect(await response.json()).toEqual({ data: { contacts: { nodes: [] } } })
  }
  expect(paths).toEqual(['general', path])
})

test.each<[string, string, readonly object[]]>([
  ['the size of a list', list, [{ first: 1 }, { first: 100 }, {}, { first: null }]],
  ['an @include', conditional, [{ bot: true }, { bot: false }]],
  ['an @skip', conditional.replace('@include', '@skip'), [{ bot: true }, { bot: false }]],
])(
  'a document whose cost depends on %s takes the fast path from its second run',
  async (_what, query, all) => {
    const { execute, paths } = await recordPaths()
    for (const variables of [...all, ...all]) {
      expect(await execute(query, variables)).toEqual({ data: { contacts: { nodes: [] } } })
    }
    const [, ...others] = [...all, ...all]
    expect(paths).toEqual(['general', ...others.map(() => 'fast')])
  },
)

test.each<[string, object]>([
  ['lacks a non-null field', { uuid: null, tags: [] }],
  ['has nulls in a list', { uuid: 'u', tags: ['a', null], customFields: [null] }],
  ['has a string for a list', { uuid: 'u', tags: 'a' }],
  ['has objects for strings', { uuid: 'u', tags: [{}], name: { a: 1 } }],
  ['has numbers for strings', { uuid: 5, tags: [1], name: 2, note: true }],
  ['has an unknown source', { uuid: 'u', tags: [], source: 'x' }],
])('an invalid contact that %s has the same result on both paths', async (_name, found) => {
  const { expectSame } = await openPaths({
    contacts: { find: () => Promise.resolve(JSON.parse(JSON.stringify(found))) },
  })
  const query =
    '{ a: contact(uuid: "x") { uuid } b: contact(uuid: "x") { uuid name tags note source customFields { name } } }'
  await expectSame({ body: body(query) })
})

test(
  'any selection of fields, with any input, has the same result on both paths',
  { timeout: 120_000 },
  async () => {
    const { expectSame, expectSameTraces, forgetLogs } = await openPaths()
    const leaves = ['id', 'uuid', 'name', 'phoneNumber', 'source', 'sourceName', 'createdAt', 'tags', 'note']
    const nested = [
      'customFields { name value values }',
      'team { id name default }',
      'channel { title main }',
    ]
    const selection = fc.uniqueArray(fc.constantFrom(...leaves, ...nested), { minLength: 1 })
    const word = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('Ada', 'refused', 'odd', 'broken', ''),
    )
    const anyInput = fc.record(
      {
        identifier: word,
        source: fc.constantFrom('TELEGRAM', 'FACEBOOK', 'INSTAGRAM'),
        name: word,
        tags: fc.oneof(fc.array(word), fc.constant(null)),
        customFields: fc.array(
          fc.record({ name: word, value: word, values: fc.array(word) }, { requiredKeys: ['name'] }),
        ),
        note: fc.oneof({ weight: 5, arbitrary: word }, fc.constant(null), fc.integer()),
        botStatus: fc.constantFrom('START', 'END', null),
      },
      { requiredKeys: ['identifier', 'source', 'name'] },
    )
    await fc.assert(
      fc.asyncProperty(selection, anyInput, async (fields, given) => {
        const query = `mutation M($input: CreateContactInput!) { createContact(input: $input) { contact { ${fields.join(' ')} } userErrors { field message code } } }`
        await expectSame({ body: body(query, { input: given }) })
        forgetLogs()
      }),
      { numRuns: 60 },
    )
    await expectSameTraces()
  },
)
