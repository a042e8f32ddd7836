import { createHash } from 'node:crypto'
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { print } from 'graphql'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createTestGateway } from '../support/test-gateway.ts'

const registered = 'query Typename { __typename }'
const mutation = 'mutation{createContact(input:{identifier:"1",source:WHATSAPP,name:"Ada"}){contact{name}}}'
const byHash = 'query ByHash { __typename }'
const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
const documents = new Map([
  ['sha-1-of-it', registered],
  [hash(registered), registered],
  [`sha256:${hash(byHash)}`, byHash],
  ['create', mutation],
  ['broken', '{ nothing'],
])
const optional = { persistedDocuments: { documents, isExclusive: false } }
const exclusive = { persistedDocuments: { documents, isExclusive: true } }
const apollo = (sha256Hash: unknown) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } })
const typename = { status: 200, data: { __typename: 'Query' } }
const notFound = { status: 400, errors: ['PERSISTED_QUERY_NOT_FOUND: No registered document has this id.'] }
const apolloNotFound = { status: 200, errors: ['PERSISTED_QUERY_NOT_FOUND: PersistedQueryNotFound'] }
const notSupported = { status: 200, errors: ['PERSISTED_QUERY_NOT_SUPPORTED: PersistedQueryNotSupported'] }
const required = {
  status: 403,
  errors: [
    'PERSISTED_QUERY_REQUIRED: This gateway only runs registered documents. Send the `documentId` of one.',
  ],
}
const noQuery = { status: 200, errors: ['BAD_REQUEST: Must provide query string.'] }

async function resultOf(response: Response): Promise<object> {
  const { data, errors } = await response.json()
  const messages = errors?.map(
    ({ message, extensions }: { message: string; extensions: { code: string } }) =>
      `${extensions.code}: ${message}`,
  )
  return { status: response.status, ...(data && { data }), ...(messages && { errors: messages }) }
}

test.each([
  ['an id', { documentId: 'sha-1-of-it' }, typename, typename],
  ['an id in Apollo’s format', apollo('sha-1-of-it'), typename, typename],
  ['a hash in Apollo’s format', apollo(hash(registered)), typename, typename],
  ['a hash of a manifest that names the algorithm', apollo(hash(byHash)), typename, typename],
  ['an unregistered hash', apollo(hash('new')), apolloNotFound, apolloNotFound],
  ['the hash `__proto__`', apollo('__proto__'), apolloNotFound, apolloNotFound],
  ['a hash and an empty document', { query: '', ...apollo('new') }, apolloNotFound, apolloNotFound],
  ['a hash that is not a string', apollo(1), noQuery, required],
  ['an unregistered id', { documentId: 'nothing' }, notFound, notFound],
  ['the id `__proto__`', { documentId: '__proto__' }, notFound, notFound],
  ['an unregistered id with its document', { query: '{__typename}', ...apollo('new') }, typename, required],
  ['a registered document', { query: registered }, typename, typename],
  ['an unregistered document', { query: '{ __typename }' }, typename, required],
  [
    'a registered id with another document',
    { documentId: 'sha-1-of-it', query: '{ __typename }' },
    typename,
    required,
  ],
  ['an empty body object', {}, noQuery, required],
  ['an id that is not a string', { documentId: 1 }, noQuery, required],
])(
  '%s has the expected result with optional and with exclusive registration',
  async (_name, body, whenOptional, whenExclusive) => {
    const one = await createTestGateway(optional)
    expect(await resultOf(await one.post(JSON.stringify(body)))).toEqual(whenOptional)
    const other = await createTestGateway(exclusive)
    expect(await resultOf(await other.post(JSON.stringify(body)))).toEqual(whenExclusive)
  },
)

test.each(['"abc"', '5', 'true', 'null', '[]', '[{"documentId":"create"}]'])(
  'the body %s is rejected, with and without registered documents',
  async (body) => {
    for (const options of [{}, optional, exclusive]) {
      const gateway = await createTestGateway(options)
      const response = await gateway.post(body)
      expect([options === exclusive ? [400, 403] : [400]].flat()).toContain(response.status)
      expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([])
      expect(gateway.sandbox.requests).toEqual([])
    }
  },
)

test('a document that is sent by id runs with its variables, once', async () => {
  const gateway = await createTestGateway(exclusive)
  expect(await resultOf(await gateway.post(JSON.stringify({ documentId: 'create' })))).toEqual({
    status: 200,
    data: { createContact: { contact: { name: 'Ada' } } },
  })
  expect(gateway.sandbox.requests).toHaveLength(1)
})

test('a URL may contain the id of a query, but not of a mutation', async () => {
  const gateway = await createTestGateway(exclusive)
  expect(await resultOf(await fetch(`${gateway.url}?documentId=sha-1-of-it`))).toEqual(typename)
  expect((await fetch(`${gateway.url}?documentId=create`)).status).toBe(405)
  expect(gateway.sandbox.requests).toEqual([])
})

const search = (body: object) =>
  new URLSearchParams(
    Object.entries(body).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )

test.each([
  ['without registered documents', {}, notSupported],
  ['among other documents', optional, apolloNotFound],
  ['among documents of which no other may run', exclusive, apolloNotFound],
])('an unregistered hash %s has Apollo’s answer by GET and POST', async (_name, options, expected) => {
  const gateway = await createTestGateway(options)
  for (const [accept, status] of [
    ['application/json', 200],
    ['application/graphql-response+json', 400],
  ] as const) {
    const headers = { accept }
    const body = apollo(hash('new'))
    const answers = [
      await gateway.post(JSON.stringify(body), headers),
      await fetch(`${gateway.url}?${search(body)}`, { headers }),
    ]
    for (const answer of answers) expect(await resultOf(answer)).toEqual({ ...expected, status })
  }
  expect(gateway.sandbox.requests).toEqual([])
})

test('Apollo’s answer has the form of every error', async () => {
  const { post } = await createTestGateway()
  const response = await post(JSON.stringify(apollo('new')), { 'x-request-id': 'r1' })
  expect(await response.json()).toEqual({
    errors: [
      {
        message: 'PersistedQueryNotSupported',
        extensions: {
          code: 'PERSISTED_QUERY_NOT_SUPPORTED',
          outcome: 'NOT_APPLIED',
          retryable: false,
          requestId: 'r1',
        },
      },
    ],
  })
})

test('a gateway without registered documents runs the document beside a hash, and knows no other id', async () => {
  const { post } = await createTestGateway()
  expect(await resultOf(await post(JSON.stringify({ query: registered, ...apollo('new') })))).toEqual(
    typename,
  )
  expect(await resultOf(await post(JSON.stringify({ documentId: 'a' })))).toEqual({
    status: 400,
    errors: ['BAD_REQUEST: Unexpected parameter "documentId" in the request body.'],
  })
})

test('a URL may contain the hash of a query, but not of a mutation', async () => {
  const withMutation = new Map([...documents, [hash(mutation), mutation]])
  const gateway = await createTestGateway({
    persistedDocuments: { documents: withMutation, isExclusive: true },
  })
  expect(await resultOf(await fetch(`${gateway.url}?${search(apollo(hash(registered)))}`))).toEqual(typename)
  expect((await fetch(`${gateway.url}?${search(apollo(hash(mutation)))}`)).status).toBe(405)
  expect(gateway.sandbox.requests).toEqual([])
})

const [first, second] = [gql('query First { __typename }'), gql('query Second { __typename }')]
const hashed = { hasQuery: false, hasHash: true }
const whole = { hasQuery: true, hasHash: false }
const both = { hasQuery: true, hasHash: true }

test.each([
  ['gives up hashes where there are no registered documents', null, [hashed, whole, whole]],
  ['sends a document that is not registered', [second], [hashed, both, hashed]],
  ['sends only the hash of registered documents', [first, second], [hashed, hashed]],
])('Apollo Client %s', async (_name, registeredDocuments, expected) => {
  const printed = registeredDocuments?.map((document) => print(document))
  const { url } = await createTestGateway({
    persistedDocuments: printed
      ? { documents: new Map(printed.map((text) => [hash(text), text])), isExclusive: false }
      : null,
  })
  const sent: object[] = []
  const http = new HttpLink({
    uri: url,
    fetch: (input, init) => {
      const { query, extensions } = JSON.parse(z.string().parse(init?.body))
      sent.push({ hasQuery: query !== undefined, hasHash: extensions?.persistedQuery !== undefined })
      return fetch(input, init)
    },
  })
  const link = new PersistedQueryLink({ sha256: hash }).concat(http)
  const client = new ApolloClient({ link, cache: new InMemoryCache() })
  for (const query of [first, second]) {
    expect((await client.query({ query, fetchPolicy: 'network-only' })).data).toEqual({ __typename: 'Query' })
  }
  expect(sent).toEqual(expected)
})
