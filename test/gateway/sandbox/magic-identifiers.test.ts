/** Each magic identifier through a gateway: what the caller gets, and what the sandbox has then. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CreateContactInput } from '../../../src/client/documents.ts'
import { callbellVariables } from '../../../src/config/callbell-variables.ts'
import { referenceOf } from '../../../src/config/variable.ts'
import { verificationMs } from '../../../src/contacts/attempts/policies.ts'
import type { Fault } from '../../../src/sandbox/sandbox.ts'
import { magicIdentifiers } from '../../../src/sandbox/magic-identifiers.ts'
import { createTestContext } from '../../support/test-context.ts'
import type { TestGateway } from '../../support/test-gateway.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { startTestSandbox } from '../../support/test-sandbox.ts'

const document = `mutation ($input: CreateContactInput!) {
  createContact(input: $input) { contact { phoneNumber } replayed userErrors { field message code } }
}`

interface Result {
  /** The payload of a create that has one. */
  readonly payload?: object
  /** The extensions of the error, without the request's id. */
  readonly error?: object
}

async function create(
  { execute }: Pick<TestGateway, 'execute'>,
  identifier: string,
  change: Partial<CreateContactInput> = {},
): Promise<Result> {
  const input = { identifier, source: 'WHATSAPP', name: 'Ada', idempotencyKey: identifier, ...change }
  const { data, errors } = await execute<{ createContact: object | null }, object>(document, { input })
  if (data?.createContact) return { payload: data.createContact }
  const { requestId: _, ...error } = { requestId: undefined, ...errors?.[0]?.extensions }
  return { error }
}

function created(phoneNumber: string, replayed = false): Result {
  return { payload: { contact: { phoneNumber }, replayed, userErrors: [] } }
}

function failed(code: string, outcome: string, retryAfterMs?: number): Result {
  const retryable = retryAfterMs !== undefined
  return { error: { code, outcome, retryable, ...(retryable && { retryAfterMs }), attempts: 1 } }
}

function methods({ sandbox }: Pick<TestGateway, 'sandbox'>): string {
  return sandbox.requests.map(({ method }) => method).join(' ')
}

/** The numbers of the contacts that were created. */
function numbers({ sandbox }: Pick<TestGateway, 'sandbox'>): (string | null)[] {
  return sandbox.contacts
    .all()
    .slice(1)
    .map(({ phoneNumber }) => phoneNumber)
}

/** The default of `CALLBELL_TIMEOUT_MS`. */
const timeoutMs = Number(referenceOf(callbellVariables.CALLBELL_TIMEOUT_MS).default)

interface Expected {
  /** As on the page. */
  readonly answer: string
  readonly result: (identifier: string) => Result
  /** Of the requests to the sandbox. */
  readonly methods: RegExp
  readonly isCreated: boolean
  /** Shorter where the gateway waits. */
  readonly timeoutMs?: number
}

const unknown = (code: string) => ({
  answer: `\`${code}\` \`UNKNOWN\` retryable`,
  result: () => failed(code, 'UNKNOWN', 5000),
  methods: /^POST( GET)+$/,
  isCreated: false,
  timeoutMs: 1000,
})
const refused = (code: string) => ({
  answer: `\`${code}\` \`NOT_APPLIED\``,
  result: () => failed(code, 'NOT_APPLIED'),
  methods: /^POST$/,
  isCreated: false,
})
const success = { answer: 'the contact', result: created, isCreated: true }

const expected: Readonly<Record<string, Expected>> = {
  '+999 00 0000': { ...success, methods: /^POST$/ },
  '+999 01 0000': { ...success, methods: /^POST GET$/ },
  '+999 02 0000': { ...success, methods: /^POST GET$/, timeoutMs: 1000 },
  '+999 03 0000': unknown('CALLBELL_TIMEOUT'),
  '+999 04 0000': unknown('CALLBELL_UNAVAILABLE'),
  '+999 05 0000': unknown('CALLBELL_UNAVAILABLE'),
  '+999 06 0000': { ...success, methods: /^POST POST$/ },
  '+999 07 0000': {
    ...refused('CALLBELL_RATE_LIMITED'),
    answer: '`CALLBELL_RATE_LIMITED` `NOT_APPLIED` retryable',
    result: () => failed('CALLBELL_RATE_LIMITED', 'NOT_APPLIED', 10_000),
  },
  '+999 08 0000': refused('CALLBELL_PAYMENT_REQUIRED'),
  '+999 09 0000': refused('CALLBELL_UNAUTHORIZED'),
  '+999 10 0000': {
    ...refused('CALLBELL_REJECTED'),
    answer: 'the userError `REJECTED` at `identifier`',
    result: () => ({
      payload: {
        contact: null,
        replayed: false,
        userErrors: [
          {
            field: ['input', 'identifier'],
            message: 'Callbell rejected `identifier`: does not use WhatsApp',
            code: 'REJECTED',
          },
        ],
      },
    }),
  },
}

test('the sandbox page has each magic identifier, what it does, and what the gateway answers', () => {
  const rows = readFileSync('docs/sandbox.md', 'utf8').matchAll(
    /^\| `(\+999[^`]*)` +\| (.*?) +\| (.*?) +\|$/gm,
  )
  expect(Array.from(rows, ([, ...cells]) => cells)).toEqual(
    magicIdentifiers.map(({ identifier, effect }) => [identifier, effect, expected[identifier]?.answer]),
  )
})

test.each(magicIdentifiers.map(({ identifier, effect }) => [identifier, effect]))(
  'for %s the sandbox %s, and a later create succeeds',
  async (identifier) => {
    const row = expected[identifier]
    const gateway = await createTestGateway({ timeoutMs: row?.timeoutMs ?? timeoutMs })
    expect(await create(gateway, identifier)).toEqual(row?.result(identifier))
    expect(numbers(gateway)).toEqual(row?.isCreated ? [identifier] : [])
    expect(methods(gateway)).toMatch(row?.methods ?? /^$/)
    expect(await create(gateway, '+39 02 6000')).toEqual(created('+39 02 6000'))
  },
)

test('a contact that is created after the answer is found by a repeat of the key', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1000 })
  expect(await create(gateway, '+999 04 1234')).toEqual(failed('CALLBELL_UNAVAILABLE', 'UNKNOWN', 5000))
  await expect.poll(() => numbers(gateway), { timeout: 60_000 }).toEqual(['+999 04 1234'])
  expect(await create(gateway, '+999 04 1234')).toEqual(created('+999 04 1234', true))
  expect(methods(gateway).match(/POST/g)).toHaveLength(1)
})

test('a contact that is never created is sent again by a repeat of the key, after another create', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1000, resendAfterMs: 1, proved: [] })
  expect(await create(gateway, '+39 02 6000')).toEqual(created('+39 02 6000'))
  expect(await create(gateway, '+999 05 1234')).toMatchObject({ error: { outcome: 'UNKNOWN' } })
  await expect
    .poll(() => create(gateway, '+999 05 1234'), { interval: 200, timeout: 60_000 })
    .toEqual(created('+999 05 1234'))
  expect(numbers(gateway)).toEqual(['+39 02 6000', '+999 05 1234'])
  expect(methods(gateway).match(/POST/g)).toHaveLength(3)
})

test('without a key, and for a source without lookups, UNKNOWN is not retryable', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1000 })
  const error = failed('CALLBELL_UNAVAILABLE', 'UNKNOWN')
  expect(await create(gateway, '+999 05 0001', { idempotencyKey: null })).toEqual(error)
  expect(await create(gateway, '+999 01 0001', { source: 'TELEGRAM' })).toEqual(error)
})

test.each(['creates', 'updates'])(
  'a tag that the account does not have is rejected where a call %s',
  async (what) => {
    const { execute, sandbox } = await createTestGateway()
    const uuid = sandbox.contacts.all()[0]?.uuid
    const mutation = what === 'creates' ? 'createContact' : 'updateContact'
    const input = what === 'creates' ? 'identifier: "1", source: TELEGRAM, name: "Ada"' : `uuid: "${uuid}"`
    const result = await execute(
      `mutation { ${mutation}(input: { ${input}, tags: ["Rejected"] }) { userErrors { field message code } } }`,
    )
    const message = 'Callbell rejected `tags.0`: tag "Rejected" does not exist'
    const userErrors = [{ field: ['input', 'tags', '0'], message, code: 'REJECTED' }]
    expect(result).toEqual({ data: { [mutation]: { userErrors } } })
  },
)

test.each<[string, object]>([
  ['999080001', {}],
  ['+999080002', {}],
  [' +999 (08) 00-03 ', {}],
  ['+999.08.0004', {}],
  ['999 08 9999', { source: 'telegram' }],
])('the identifier %j is magic', async (identifier, change) => {
  const { call } = await startTestSandbox()
  expect(await call('POST', '/contacts', { identifier, source: 'whatsapp', name: 'Ada', ...change })).toEqual(
    {
      status: 402,
      body: { error: 'status 402' },
    },
  )
})

test.each(['+999 08 000', '+999 08 00000', '+999 11 0000', 'a999080000', '+998 08 0000', '00999080000'])(
  'the identifier %j is not magic',
  async (identifier) => {
    const { call, sandbox } = await startTestSandbox()
    const answer = await call('POST', '/contacts', { identifier, source: 'whatsapp', name: 'Ada' })
    expect([answer.status, numbers({ sandbox })]).toEqual([201, [identifier]])
  },
)

test('only a create is magic', async () => {
  const { call } = await startTestSandbox()
  const answers = [
    await call('GET', '/contacts/phone/999080000'),
    await call('POST', '/contacts/999080000/conversation/note', { identifier: '999080000' }),
    await call('POST', '/contacts', { identifier: ['999080000'], source: 'whatsapp', name: 'Ada' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 400])
})

test('a fault that a test sets precedes that of a magic identifier', async () => {
  const { call, sandbox } = await startTestSandbox()
  const contact = { identifier: '999080000', source: 'whatsapp', name: 'Ada' }
  sandbox.failNext({ status: 500 })
  const statuses = [await call('POST', '/contacts', contact), await call('POST', '/contacts', contact)]
  expect(statuses.map(({ status }) => status)).toEqual([500, 402])
})

function faultOf(start: string): Fault | undefined {
  return magicIdentifiers.find(({ identifier }) => identifier.startsWith(start))?.fault
}

test('the delays have the documented outcomes with the default deadline', () => {
  const lookupsMs = verificationMs({ ...createTestContext(), timeoutMs })
  expect(faultOf('+999 00')?.delayMs).toBeLessThan(timeoutMs / 2)
  expect(faultOf('+999 02')?.delayMs).toBeGreaterThan(timeoutMs)
  expect(faultOf('+999 03')?.delayMs).toBeGreaterThan(timeoutMs)
  expect(faultOf('+999 04')?.workAfterMs).toBeGreaterThan(lookupsMs)
  // A repeat after `retryAfterMs` finds it.
  expect(faultOf('+999 04')?.workAfterMs).toBeLessThan(5000)
  expect(Number(faultOf('+999 06')?.headers?.['retry-after'])).toBeLessThan(timeoutMs / 2000)
  expect(Number(faultOf('+999 07')?.headers?.['retry-after'])).toBeGreaterThanOrEqual(timeoutMs / 1000)
})
