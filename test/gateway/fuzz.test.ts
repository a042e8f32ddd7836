/** Arbitrary requests get a documented code, and never a stack. The process survives, and its memory is bounded. */
import fc from 'fast-check'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { sendRaw } from '../support/raw-request.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { arbitraryText } from '../support/arbitrary-text.ts'

const document =
  'mutation($input:CreateContactInput!){createContact(input:$input){contact{id name} userErrors{field message code} replayed}}'
/** The codes of errors that the caller causes. */
const callerErrorCodes = [
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'QUERY_TOO_COMPLEX',
  'REQUEST_ENTITY_TOO_LARGE',
]
const limits = { headersTimeout: 200, requestTimeout: 400, keepAliveTimeout: 200 }

interface Answer {
  readonly errors?: { message: string; extensions: { code: string; outcome?: string } }[]
  readonly data?: Record<string, unknown> | null
}

/** Checks a response of `/graphql` to any request. */
function checkAnswer(status: number, body: string): Answer {
  expect(status).toBeLessThan(500)
  expect(body).not.toMatch(/\n\s+at |node_modules|\.ts:\d/)
  const answer: Answer = JSON.parse(body)
  for (const { extensions } of answer.errors ?? []) expect(callerErrorCodes).toContain(extensions.code)
  return answer
}

/** @returns the log lines of bugs */
function bugs({ log }: TestGateway): readonly object[] {
  return log.filter(({ level }) => level === 'error' || level === 'fatal')
}

const anyText = fc.oneof(
  arbitraryText({ maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\ud800',
    '__proto__',
    'constructor',
    '\u202e',
    'a'.repeat(2000),
    '+39 02 5',
    '..',
    '/',
  ),
)
const anyValue = fc.oneof(fc.jsonValue({ maxDepth: 3 }), anyText)
const nearlyInput = fc.record(
  {
    identifier: anyText,
    source: fc.oneof(fc.constantFrom('WHATSAPP', 'FACEBOOK', 'INSTAGRAM', 'TELEGRAM'), anyValue),
    name: anyText,
    tags: fc.oneof(fc.array(anyText, { maxLength: 3 }), anyValue),
    customFields: fc.oneof(
      fc.array(fc.record({ name: anyText, value: anyValue, values: anyValue }, { requiredKeys: ['name'] }), {
        maxLength: 3,
      }),
      anyValue,
    ),
    assignedUser: fc.oneof(anyText, anyValue),
    teamUuid: anyValue,
    channelUuid: anyValue,
    botStatus: fc.oneof(fc.constantFrom('START', 'END'), anyValue),
    note: anyValue,
    idempotencyKey: fc.oneof(anyText, anyValue),
  },
  { requiredKeys: ['identifier', 'source', 'name'] },
)

test('any variables have a documented result', async () => {
  const gateway = await createTestGateway({ maxRps: 0, sandbox: { maxRps: 100_000 } })
  const variables = fc.oneof(
    { weight: 3, arbitrary: fc.record({ input: nearlyInput }) },
    { weight: 1, arbitrary: anyValue },
  )
  await fc.assert(
    fc.asyncProperty(variables, async (value) => {
      const response = await gateway.post(JSON.stringify({ query: document, variables: value }))
      const { errors, data } = checkAnswer(response.status, await response.text())
      // A mutation has a payload with userErrors, or an error with its outcome.
      if (errors) for (const { extensions } of errors) expect(extensions.outcome).toBe('NOT_APPLIED')
      else expect(data?.['createContact']).toMatchObject({ userErrors: expect.any(Array) })
    }),
    { numRuns: 300 },
  )
  expect(bugs(gateway)).toEqual([])
})

test('any arguments of a query have a documented result', async () => {
  const gateway = await createTestGateway({ maxRps: 0, sandbox: { maxRps: 100_000 } })
  const query =
    'query($a:ID!,$b:String!,$c:ID){contact(uuid:$a){name} contactByPhone(phoneNumber:$b,channelUuid:$c){name} contactByBsuid(bsuid:$b){name} contacts(after:$b,filter:{tags:[$b],teamUuid:$c}){nodes{name}}}'
  await fc.assert(
    fc.asyncProperty(anyValue, anyValue, anyValue, async (a, b, c) => {
      const response = await gateway.post(JSON.stringify({ query, variables: { a, b, c } }))
      checkAnswer(response.status, await response.text())
    }),
    { numRuns: 150 },
  )
  expect(bugs(gateway)).toEqual([])
})

test('any cursor has a documented result', async () => {
  const gateway = await createTestGateway({ maxRps: 0, sandbox: { seed: 30, maxRps: 100_000 } })
  const query =
    'query($after:String){contacts(after:$after){nodes{messages(after:$after){nodes{text}}} pageInfo{endCursor}}}'
  const { data } = await gateway.execute<{ contacts: { pageInfo: { endCursor: string } } }, never>(
    '{contacts{pageInfo{endCursor}}}',
  )
  const given = Buffer.from(data?.contacts.pageInfo.endCursor ?? '', 'base64url').toString()
  // A valid cursor with replaced parts.
  const forged = fc
    .record({ page: anyValue, id: anyValue, place: anyValue }, { requiredKeys: [] })
    .map((parts) => Buffer.from(JSON.stringify({ ...JSON.parse(given), ...parts })).toString('base64url'))
  await fc.assert(
    fc.asyncProperty(fc.oneof(forged, anyText), async (after) => {
      const response = await gateway.post(JSON.stringify({ query, variables: { after } }))
      checkAnswer(response.status, await response.text())
    }),
    { numRuns: 150 },
  )
  expect(bugs(gateway)).toEqual([])
})

test('any document has a documented result', async () => {
  const gateway = await createTestGateway({ maxRps: 0, sandbox: { maxRps: 100_000 } })
  const word = fc.constantFrom(
    ...'{ } ( ) [ ] : ! = | & @ $ ... query mutation subscription fragment on contact createContact input uuid __typename __schema __type name type null true 1 -1.5e9 "a" """b""" $input @skip(if:true) @include @defer A # , \ufeff'.split(
      ' ',
    ),
  )
  const text = fc.oneof(
    fc.array(word, { maxLength: 60 }).map((words) => words.join(' ')),
    anyText,
  )
  await fc.assert(
    fc.asyncProperty(text, fc.option(anyText), async (query, operationName) => {
      const response = await gateway.post(JSON.stringify({ query, operationName }))
      checkAnswer(response.status, await response.text())
    }),
    { numRuns: 300 },
  )
  expect(bugs(gateway)).toEqual([])
})

test('any body has a documented result', async () => {
  const gateway = await createTestGateway()
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
    fc
      .record({
        query: anyValue,
        variables: anyValue,
        operationName: anyValue,
        extensions: anyValue,
        documentId: anyValue,
      })
      .map((value) => Buffer.from(JSON.stringify(value))),
  )
  await fc.assert(
    fc.asyncProperty(body, async (bytes) => {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: bytes,
      })
      checkAnswer(response.status, await response.text())
    }),
    { numRuns: 200 },
  )
  expect(bugs(gateway)).toEqual([])
})

test('any bytes on a connection get a known status, and the gateway still answers', async () => {
  const gateway = await createTestGateway({ limits })
  const body = '{"query":"{__typename}"}'
  const whole = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  /** A request with a few bytes replaced, removed or inserted. */
  const damaged = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.constantFrom('set', 'drop', 'insert'), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) => {
      const bytes = [...Buffer.from(whole)]
      for (const [at, change, byte] of changes) {
        if (change === 'drop') bytes.splice(at, 1)
        else bytes.splice(at, change === 'set' ? 1 : 0, byte)
      }
      return Buffer.from(bytes)
    })
  const noise = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 4, arbitrary: damaged }, { weight: 1, arbitrary: noise }), {
        minLength: 20,
        maxLength: 20,
      }),
      async (attempts) => {
        const answers = await Promise.all(attempts.map((bytes) => sendRaw(gateway.url, bytes, true)))
        for (const { status, body: text, headers } of answers.flat()) {
          expect([200, 302, 400, 404, 405, 406, 408, 413, 415, 417, 421, 431]).toContain(status)
          expect(text).not.toMatch(/\n\s+at |node_modules/)
          expect(headers).toHaveProperty('x-content-type-options')
        }
      },
    ),
    { numRuns: 15 },
  )
  expect(bugs(gateway)).toEqual([])
  expect(await gateway.execute('{__typename}')).toEqual({ data: { __typename: 'Query' } })
})

test(
  'memory does not grow with the number of different documents, operation names and request ids',
  { timeout: 180_000 },
  async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    const gateway = await createTestGateway({ graphiql: false })
    let number = 0
    /** Each document, operation name and request id is new: whatever is cached by them must expire. */
    async function send(count: number): Promise<void> {
      for (let sent = 0; sent < count; sent += 20) {
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            number += 1
            const name = `a${number}${'x'.repeat(3000)}`
            const query = number % 2 === 0 ? `query ${name}{__typename}` : `{${name}}`
            const response = await gateway.post(JSON.stringify({ query, operationName: name }), {
              'x-request-id': `r${number}`,
            })
            await response.text()
          }),
        )
        gateway.forgetLog()
      }
      collectGarbage()
    }
    await send(600)
    const before = process.memoryUsage().heapUsed
    await send(1200)
    const grownBy = process.memoryUsage().heapUsed - before
    // The 1,200 documents are four megabytes of text, and many times that when parsed.
    expect(grownBy).toBeLessThan(5_000_000)
  },
)
