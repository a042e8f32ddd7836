/** The metrics of `/metrics`, parsed as Prometheus parses them. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseApiKeys } from '../../src/config/api-keys.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { sendRaw } from '../support/raw-request.ts'
import type { TestGateway, TestGatewayOptions } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const create = `mutation CreateContact($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid } userErrors { message } }
}`
const upstreamSum = 'upstream_duration_seconds_sum{method="POST",route="/contacts"}'
const input = { identifier: '+39 02 1', source: 'WHATSAPP', name: 'Ada' }

/** @returns the samples by their names and labels, without our prefix */
async function read(
  { url }: TestGateway,
  headers: Record<string, string> = {},
): Promise<Map<string, number>> {
  const response = await fetch(new URL('/metrics', url), { headers })
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end).replace('callbell_graphql_', ''), Number(line.slice(end + 1))]
    }),
  )
}

/** @returns the gateway's own counters above 0 */
async function counted(gateway: TestGateway): Promise<Record<string, number>> {
  const all = await read(gateway)
  const counters = [...all].filter(
    ([name, value]) => /_total/.test(name) && !/^(?:process|nodejs)_/.test(name) && value !== 0,
  )
  return Object.fromEntries(counters)
}

async function open(options: TestGatewayOptions = {}) {
  const gateway = await createTestGateway(options)
  const ask = (query: string, variables: object = {}): Promise<Response> =>
    gateway.post(JSON.stringify({ query, variables }))
  return { gateway, sandbox: gateway.sandbox, ask }
}

test('a create and a rejected create are counted', async () => {
  const { gateway, ask } = await open()
  await ask(create, { input })
  await ask(create, { input: { ...input, name: '' } })
  expect(await counted(gateway)).toEqual({
    'requests_total{operation="CreateContact",type="mutation",code="OK"}': 2,
    'fields_total{operation="CreateContact",field="createContact",outcome="APPLIED",code="OK"}': 1,
    'fields_total{operation="CreateContact",field="createContact",outcome="NOT_APPLIED",code="USER_ERROR"}': 1,
    'attempts_total{method="POST",route="/contacts",result="201"}': 1,
  })
  const all = await read(gateway)
  expect(all.get('request_duration_seconds_count{type="mutation"}')).toBe(2)
  expect(all.get('upstream_duration_seconds_count{method="POST",route="/contacts"}')).toBe(1)
  expect(all.get('queue_wait_seconds_count')).toBe(1)
})

test('an unknown outcome is counted', async () => {
  const { gateway, sandbox, ask } = await open()
  const failure = { status: 500, body: '' }
  sandbox.failNext(failure, { on: 'GET', ...failure }, { on: 'GET', ...failure }, { on: 'GET', ...failure })
  await ask(create, { input })
  expect(await counted(gateway)).toEqual({
    'requests_total{operation="CreateContact",type="mutation",code="CALLBELL_UNAVAILABLE"}': 1,
    'fields_total{operation="CreateContact",field="createContact",outcome="UNKNOWN",code="CALLBELL_UNAVAILABLE"}': 1,
    'unknown_outcomes_total{field="createContact"}': 1,
    'attempts_total{method="POST",route="/contacts",result="500"}': 1,
    'attempts_total{method="GET",route="/contacts/phone/{number}",result="500"}': 3,
    'reconciliations_total{result="inconclusive"}': 1,
  })
})

test('verifications, retries after a 429 and idempotency keys are counted', async () => {
  const { gateway, sandbox, ask } = await open()
  sandbox.failNext({ drop: true, afterWork: true })
  await ask(create, { input })
  sandbox.failNext({ status: 429, body: '' })
  await ask(create, { input: { ...input, idempotencyKey: 'k' } })
  await ask(create, { input: { ...input, idempotencyKey: 'k' } })
  await ask(create, { input: { ...input, idempotencyKey: 'k', name: 'Eve' } })
  expect(await counted(gateway)).toEqual({
    'requests_total{operation="CreateContact",type="mutation",code="OK"}': 3,
    'requests_total{operation="CreateContact",type="mutation",code="IDEMPOTENCY_KEY_REUSED"}': 1,
    'fields_total{operation="CreateContact",field="createContact",outcome="APPLIED",code="OK"}': 3,
    'fields_total{operation="CreateContact",field="createContact",outcome="NOT_APPLIED",code="IDEMPOTENCY_KEY_REUSED"}': 1,
    'attempts_total{method="POST",route="/contacts",result="CALLBELL_UNAVAILABLE"}': 1,
    'attempts_total{method="GET",route="/contacts/phone/{number}",result="200"}': 1,
    'attempts_total{method="POST",route="/contacts",result="429"}': 1,
    'attempts_total{method="POST",route="/contacts",result="201"}': 1,
    'retries_total{reason="CALLBELL_RATE_LIMITED"}': 1,
    upstream_rate_limited_total: 1,
    'reconciliations_total{result="found"}': 1,
    'idempotency_total{result="new"}': 1,
    'idempotency_total{result="replayed"}': 1,
    'idempotency_total{result="reused"}': 1,
  })
})

test('series for alerts exist as 0 before anything happens', async () => {
  const { gateway } = await open()
  const all = await read(gateway)
  const zeros = [
    'unknown_outcomes_total{field="createContact"}',
    'upstream_rate_limited_total',
    'breaker_openings_total',
    ...['found', 'absent', 'inconclusive'].map((result) => `reconciliations_total{result="${result}"}`),
    ...['UNAUTHENTICATED', 'AUTHENTICATION_UNAVAILABLE', 'FORBIDDEN'].map(
      (code) => `authentication_failures_total{code="${code}"}`,
    ),
  ]
  expect(zeros.map((name) => all.get(name))).toEqual(zeros.map(() => 0))
})

test('an operation name that a caller chose is not a label', async () => {
  const { gateway, ask } = await open()
  for (let n = 0; n < 20; n += 1) await ask(`query Mine${n} { __typename }`)
  await ask('{ __typename }')
  await ask('{ nothing }')
  await ask('{')
  await fetch(new URL('/nowhere', gateway.url))
  expect(await counted(gateway)).toEqual({
    'requests_total{operation="(other)",type="query",code="OK"}': 20,
    'requests_total{operation="(anonymous)",type="query",code="OK"}': 1,
    'requests_total{operation="(anonymous)",type="query",code="GRAPHQL_VALIDATION_FAILED"}': 1,
    'requests_total{operation="(anonymous)",type="none",code="GRAPHQL_PARSE_FAILED"}': 1,
    'refusals_total{code="GRAPHQL_VALIDATION_FAILED"}': 1,
    'refusals_total{code="GRAPHQL_PARSE_FAILED"}': 1,
  })
})

test('requests rejected before execution are counted', async () => {
  const { gateway } = await open({ callerRps: 1, limits: { maxHeaderSize: 2000 } })
  await gateway.post('{', { 'content-type': 'text/plain' })
  await gateway.post('x'.repeat(200_000))
  await gateway.post(
    JSON.stringify({
      query:
        '{ a: contact(uuid: "u") { uuid } b: contact(uuid: "v") { uuid } c: contact(uuid: "w") { uuid } }',
    }),
  )
  await sendRaw(gateway.url, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(3000)}\r\n\r\n`)
  await sendRaw(gateway.url, 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n')
  const refusals = Object.entries(await counted(gateway)).filter(([name]) => name.startsWith('refusals'))
  expect(Object.fromEntries(refusals)).toEqual({
    'refusals_total{code="BAD_REQUEST"}': 2,
    'refusals_total{code="REQUEST_ENTITY_TOO_LARGE"}': 1,
    'refusals_total{code="RATE_LIMITED"}': 1,
    'refusals_total{code="431"}': 1,
  })
})

test('durations are in seconds', async () => {
  const { gateway, sandbox, ask } = await open()
  sandbox.failNext({ delayMs: 150 })
  await ask(create, { input })
  const all = await read(gateway)
  for (const name of ['request_duration_seconds_sum{type="mutation"}', upstreamSum]) {
    // As milliseconds it would be 150 at least.
    expect(all.get(name)).toBeGreaterThanOrEqual(0.15)
    expect(all.get(name)).toBeLessThan(100)
  }
})

test('the queue length and the queue wait are measured', async () => {
  const { gateway, ask } = await open({ maxRps: 1, timeoutMs: 10_000 })
  const responses = Promise.all(Array.from({ length: 3 }, () => ask('{ teams { uuid } }')))
  await expect.poll(async () => (await read(gateway)).get('queue_length')).toBeGreaterThan(0)
  await responses
  const all = await read(gateway)
  expect(all.get('queue_length')).toBe(0)
  // The second waited a second, and the third two.
  expect(all.get('queue_wait_seconds_sum')).toBeGreaterThan(2)
  expect(all.get('queue_wait_seconds_sum')).toBeLessThan(100)
})

test('degraded mode is reported while replicas are unreachable', async () => {
  const store = {
    ...openMemoryStore(),
    isShared: true,
    acquireShared: () => Promise.reject(new Error('away')),
  }
  const { gateway } = await open({ store })
  await expect.poll(async () => (await read(gateway)).get('pace_alone')).toBe(1)
  // It has never reached the store.
  expect((await read(gateway)).get('pace_limit')).toBe(1)
})

test('failed calls with a key are counted by outcome', async () => {
  const { gateway, sandbox, ask } = await open()
  sandbox.failNext({ status: 201, body: '{' }, { status: 500, body: '' }, { status: 401 })
  for (const key of ['a', 'b', 'c'])
    await ask(create, { input: { ...input, source: 'TELEGRAM', idempotencyKey: key } })
  const all = await read(gateway)
  const results = ['new', 'applied', 'unknown', 'not_applied']
  expect(results.map((result) => all.get(`idempotency_total{result="${result}"}`))).toEqual([0, 0, 2, 1])
})

test('requests that an open circuit blocks have the result BREAKER_OPEN', async () => {
  const { gateway, sandbox, ask } = await open({ timeoutMs: 1000 })
  sandbox.failNext(...Array.from({ length: 30 }, () => ({ status: 500, body: '' })))
  await Promise.all(Array.from({ length: 12 }, () => ask('{ contact(uuid: "u") { uuid } }')))
  const sent = sandbox.requests.length
  await ask(create, { input })
  expect(sandbox.requests).toHaveLength(sent)
  const counters = await counted(gateway)
  expect(counters['attempts_total{method="POST",route="/contacts",result="BREAKER_OPEN"}']).toBeGreaterThan(0)
  expect(
    counters['attempts_total{method="POST",route="/contacts",result="CALLBELL_UNAVAILABLE"}'],
  ).toBeUndefined()
})

test('gauges report the current state', async () => {
  const { gateway, sandbox, ask } = await open({ timeoutMs: 1000 })
  const now = async (...names: string[]): Promise<unknown[]> => {
    const all = await read(gateway)
    return names.map((name) => all.get(name))
  }
  const breaker = ['closed', 'half_open', 'open'].map((state) => `breaker_state{state="${state}"}`)
  expect(await now(...breaker, 'pace_limit', 'pace_alone', 'retry_budget_tokens', 'store_available')).toEqual(
    [1, 0, 0, 300, 0, 100, 1],
  )
  expect(await now('queue_length', 'in_flight_requests', 'breaker_openings_total')).toEqual([0, 0, 0])
  expect(await now('build_info{version="1.2.3"}')).toEqual([1])
  expect((await now('connections'))[0]).toBeGreaterThan(0)

  sandbox.failNext({ status: 500, body: '' })
  await ask('{ contact(uuid: "u") { uuid } }')
  expect(await now('retry_budget_tokens')).toEqual([99])

  sandbox.failNext(...Array.from({ length: 30 }, () => ({ status: 500, body: '' })))
  await Promise.all(Array.from({ length: 12 }, () => ask('{ contact(uuid: "u") { uuid } }')))
  expect(await now(...breaker, 'breaker_openings_total')).toEqual([0, 0, 1, 1])
  // A second read counts nothing.
  expect(await now('breaker_openings_total')).toEqual([1])
})

const digest = (key: string): string => createHash('sha256').update(key).digest('hex')

test('with authentication, the metrics need a key with their scope', async () => {
  const parsed = parseApiKeys({
    GATEWAY_API_KEYS: `web:${digest('w')},prometheus:${digest('p')}:metrics`,
    GATEWAY_API_KEYS_FILE: '',
  })
  if ('problems' in parsed) throw new Error(parsed.problems.join())
  const { gateway, sandbox } = await open({ authentication: { apiKeys: () => parsed.keys } })
  const ask = async (headers: Record<string, string>): Promise<unknown[]> => {
    const response = await fetch(new URL('/metrics', gateway.url), { headers })
    const { errors } = await response.json()
    return [response.status, errors[0].extensions.code, response.headers.get('www-authenticate')]
  }
  expect(await ask({})).toEqual([401, 'UNAUTHENTICATED', 'Bearer'])
  expect(await ask({ authorization: 'Bearer x' })).toEqual([401, 'UNAUTHENTICATED', 'Bearer'])
  expect(await ask({ authorization: 'Bearer w' })).toEqual([403, 'FORBIDDEN', null])
  expect(gateway.log.map(({ msg, code }) => [msg, code])).toEqual([
    ['access to the metrics was denied', 'UNAUTHENTICATED'],
    ['access to the metrics was denied', 'UNAUTHENTICATED'],
    ['access to the metrics was denied', 'FORBIDDEN'],
  ])
  const all = await read(gateway, { authorization: 'Bearer p' })
  expect(all.get('authentication_failures_total{code="UNAUTHENTICATED"}')).toBe(2)
  expect(all.get('authentication_failures_total{code="FORBIDDEN"}')).toBe(1)

  // The key reads nothing else.
  const query = JSON.stringify({ query: '{ contact(uuid: "u") { uuid } }' })
  const response = await gateway.post(query, { authorization: 'Bearer p' })
  expect(response.status).toBe(403)
  expect(sandbox.requests).toEqual([])
})
