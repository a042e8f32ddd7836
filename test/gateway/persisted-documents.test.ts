import { expect, test } from 'vitest'
import { createTestGateway } from '../support/test-gateway.ts'

const listed = 'query Typename { __typename }'
const mutation = 'mutation{createContact(input:{identifier:"1",source:WHATSAPP,name:"Ada"}){contact{name}}}'
const documents = new Map([
  ['sha-1-of-it', listed],
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

async function told(response: Response): Promise<object> {
  const { data, errors } = await response.json()
  const words = errors?.map(
    ({ message, extensions }: { message: string; extensions: { code: string } }) =>
      `${extensions.code}: ${message}`,
  )
  return { status: response.status, ...(data && { data }), ...(words && { errors: words }) }
}

test.each([
  ['an id', { documentId: 'sha-1-of-it' }, typename, typename],
  ['an id as Apollo sends it', apollo('sha-1-of-it'), typename, typename],
  ['an id that is not listed', { documentId: 'nothing' }, notFound, notFound],
  ['a key of every object', { documentId: '__proto__' }, notFound, notFound],
  ['an id that is not listed, and its text', { query: '{__typename}', ...apollo('new') }, typename, required],
  ['the text of a listed document', { query: listed }, typename, typename],
  ['any other text', { query: '{ __typename }' }, typename, required],
  [
    'a listed id and another text',
    { documentId: 'sha-1-of-it', query: '{ __typename }' },
    typename,
    required,
  ],
  ['nothing', {}, noQuery, required],
  ['an id that is not a string', { documentId: 1 }, noQuery, required],
])('%s', async (_name, body, whenOptional, whenExclusive) => {
  const one = await createTestGateway(optional)
  expect(await told(await one.post(JSON.stringify(body)))).toEqual(whenOptional)
  const other = await createTestGateway(exclusive)
  expect(await told(await other.post(JSON.stringify(body)))).toEqual(whenExclusive)
})

test.each(['"abc"', '5', 'true', 'null', '[]', '[{"documentId":"create"}]'])(
  'the body %s is rejected as without registered documents',
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
  expect(await told(await gateway.post(JSON.stringify({ documentId: 'create' })))).toEqual({
    status: 200,
    data: { createContact: { contact: { name: 'Ada' } } },
  })
  expect(gateway.sandbox.requests).toHaveLength(1)
})

test('a URL may contain the id of a query, but not of a mutation', async () => {
  const gateway = await createTestGateway(exclusive)
  expect(await told(await fetch(`${gateway.url}?documentId=sha-1-of-it`))).toEqual(typename)
  expect((await fetch(`${gateway.url}?documentId=create`)).status).toBe(405)
  expect(gateway.sandbox.requests).toEqual([])
})
