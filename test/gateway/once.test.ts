/** `once` of the client against a gateway, while everything between it and Callbell fails. */
import { expect, expectTypeOf, test } from 'vitest'
import type { CreateContactInput, Send, UserErrorCode } from '../../src/client/index.ts'
import {
  AddConversationNoteDocument,
  CreateContactDocument,
  isGatewayError,
  once,
} from '../../src/client/index.ts'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { fetchSend } from '../support/fetch-send.ts'
import { startTcpSwitch } from '../support/tcp-switch.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const creates = 200

/** The answers of Callbell to the first creates, in this order. */
const postFaults: readonly (Fault | undefined)[] = [
  { drop: true, afterWork: true },
  undefined,
  { status: 502, body: '<html>', afterWork: true },
  { status: 429, headers: { 'retry-after': '3' } },
  { drop: true },
  { drop: true, workAfterMs: 100 },
  { status: 503, body: '<html>' },
]
/** A lookup that proves nothing. */
const emptyLookup: Fault = { status: 404, body: '<html>' }

function inputOf(n: number): CreateContactInput {
  return { identifier: `+39 06 ${555_000 + n}`, source: 'WHATSAPP', name: `Contact ${n}` }
}

test('200 creates make one contact each over cut connections, unknown outcomes and rate limits', async () => {
  let posts = 0
  let lookups = 0
  const gateway = await createTestGateway({
    timeoutMs: 2000,
    resendAfterMs: 500,
    callerRps: 40,
    sandbox: {
      faultOf({ method, path }) {
        if (method === 'POST') {
          posts += 1
          if (posts % 25 === 0) relay.closeConnections()
          return posts <= creates ? postFaults[posts % postFaults.length] : undefined
        }
        lookups += path.includes('/phone/') ? 1 : 0
        return lookups <= creates && lookups % 2 === 0 ? emptyLookup : undefined
      },
    },
  })
  const { port, pathname } = new URL(gateway.url)
  const relay = await startTcpSwitch(Number(port))
  const reasons = new Set<unknown>()
  const send = fetchSend(`http://127.0.0.1:${relay.port}${pathname}`, (answer) => {
    const [error] = answer.errors ?? []
    if (isGatewayError(error)) reasons.add(`${error.extensions.code} ${error.extensions.outcome}`)
  })
  let lost = 0
  const counted: Send = async (...of) => {
    try {
      return await send(...of)
    } catch (error) {
      lost += 1
      throw error
    }
  }

  const results = await Promise.all(
    Array.from({ length: creates }, (_, n) => once(counted, CreateContactDocument, { input: inputOf(n) })),
  )

  const contacts = gateway.sandbox.contacts.all().filter(({ name }) => name?.startsWith('Contact '))
  const uuids = new Map(contacts.map(({ name, uuid }) => [name, uuid]))
  expect(contacts).toHaveLength(creates)
  expect(
    results.map((result) => ('data' in result ? result.data.createContact?.contact?.uuid : result)),
  ).toEqual(results.map((_, n) => uuids.get(`Contact ${n}`)))
  expect([...reasons]).toEqual(
    expect.arrayContaining([
      'CALLBELL_RATE_LIMITED NOT_APPLIED',
      'CALLBELL_UNAVAILABLE UNKNOWN',
      'RATE_LIMITED NOT_APPLIED',
    ]),
  )
  expect(lost).toBeGreaterThan(0)
})

test('a page that is closed and loaded again adds its note once', async () => {
  const gateway = await createTestGateway()
  const items = new Map<string, string>()
  const storage = {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
    removeItem: (name: string) => void items.delete(name),
  }
  const input = { uuid: '414a6d692bd645ed803f2e7ce360d4c8', text: 'Called back.' }
  const page = new AbortController()
  const closed = new Error('The page is closed.')
  const send = fetchSend(gateway.url)
  const closing: Send = async (...of) => {
    await send(...of)
    page.abort(closed)
    throw closed
  }
  const before = await once(
    closing,
    AddConversationNoteDocument,
    { input },
    { storage, name: 'note', signal: page.signal },
  )
  expect(before).toEqual({ status: 'unknown', error: closed, key: expect.any(String) })
  const after = await once(send, AddConversationNoteDocument, { input }, { storage, name: 'note' })
  expect(after).toEqual({
    status: 'done',
    data: { addConversationNote: { success: true, replayed: true, userErrors: [] } },
    replayed: true,
  })
  expect(items).toEqual(new Map())
  const notes = gateway.sandbox.requests.filter(({ path }) => path.endsWith('/conversation/note'))
  expect(notes).toHaveLength(1)
})

test('user errors of the gateway end it', async () => {
  const gateway = await createTestGateway()
  const result = await once(fetchSend(gateway.url), CreateContactDocument, {
    input: { ...inputOf(1), name: ' ' },
  })
  expect(result).toEqual({
    status: 'rejected',
    userErrors: [{ field: ['input', 'name'], message: '`name` must not be blank.', code: 'BLANK' }],
  })
  expect(gateway.sandbox.requests).toEqual([])
  expectTypeOf<
    Extract<typeof result, { status: 'rejected' }>['userErrors'][0]['code']
  >().toEqualTypeOf<UserErrorCode>()
})

test('credentials that are missing end it: nothing was created', async () => {
  const gateway = await createTestGateway({ authentication: { apiKeys: () => [] } })
  const result = await once(fetchSend(gateway.url), CreateContactDocument, { input: inputOf(1) })
  expect(result).toEqual({
    status: 'failed',
    error: {
      message: 'Missing or invalid credentials. Send an API key in `x-api-key`.',
      extensions: {
        code: 'UNAUTHENTICATED',
        outcome: 'NOT_APPLIED',
        retryable: false,
        requestId: expect.any(String),
      },
    },
    key: expect.any(String),
  })
})
