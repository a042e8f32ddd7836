import { expect, test } from 'vitest'
import { createTestGateway } from '../support/test-gateway.ts'

const registered = 'query Typename { __typename }'
const mutation = 'mutation{createContact(input:{identifier:"1",source:WHATSAPP,name:"Ada"}){contact{name}}}'
const documents = new Map([
  ['sha-1-of-it', registered],
  ['create', mutation],
  ['broken', '{ nothing'],
])
const optional = { persistedDocuments: { documents, isExclusive: false } }
const exclusive = { persistedDocuments: { documents, isExclusive: true } }
const apollo = (sha256Hash: unknown) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } })
const typename = { status: 200, data: { __typename: 'Query' } }
const notFound = { status: 400, errors: ['PERSISTED_QUERY_NOT_FOUND: No registered document has this id.'] }
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
