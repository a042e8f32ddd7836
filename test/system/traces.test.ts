/** The traces that an OTLP receiver gets from a gateway process. */
import { expect, onTestFinished, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startGateway } from '../support/child-gateway.ts'
import type { OtlpReceiver, ReceivedSpan } from '../support/otlp-receiver.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'

const query = `mutation CreateContact($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid } userErrors { message } }
}`
const input = { identifier: '+39 02 1234567', source: 'WHATSAPP', name: 'Ada' }
const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const traceparent = `00-${caller.traceId}-${caller.spanId}-01`
const [server, internal, client] = [2, 1, 3]

interface Traced {
  readonly sandbox: Sandbox
  readonly receiver: OtlpReceiver
  readonly post: (headers?: Readonly<Record<string, string>>, body?: string) => Promise<Response>
  /** Ends the gateway, which exports its remaining spans and exits with 0. */
  readonly end: () => Promise<{ readonly stdout: string; readonly stderr: string }>
}

async function start(variables: Readonly<Record<string, string>> = {}): Promise<Traced> {
  const [sandbox, receiver] = await Promise.all([startSandbox({ token: 't' }), startOtlpReceiver()])
  onTestFinished(() => sandbox.close())
  const gateway = startGateway({
    CALLBELL_API_TOKEN: 't',
    CALLBELL_API_URL: sandbox.url,
    STORE_URL: 'memory:',
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/`,
    ...variables,
  })
  const url = await gateway.url
  // The gateway has checked its token.
  await expect.poll(() => sandbox.requests.length).toBe(1)
  return {
    sandbox,
    receiver,
    post: (headers = {}, body = JSON.stringify({ query, variables: { input } })) =>
      fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }),
    async end() {
      gateway.kill('SIGTERM')
      expect(await gateway.ended).toEqual({ code: 0, signal: null })
      return gateway.output()
    },
  }
}

/** The parts of a span that are the same in each run. */
function shapeOf({ name, kind, attributes, status, traceId }: ReceivedSpan): object {
  return { name, kind, attributes, traceId, failed: status?.code === 2 }
}

test('a create has a span for the request, one for its field, and one for each attempt', async () => {
  const { sandbox, receiver, post, end } = await start()
  sandbox.failNext(
    { on: 'POST', status: 429, headers: { 'retry-after': '0' } },
    { on: 'POST', drop: true, afterWork: true },
    { on: 'GET', status: 404 },
  )
  const response = await post({ traceparent, tracestate: 'vendor=1' })
  expect(response.status).toBe(200)
  const { stdout, stderr } = await end()
  expect(stderr).toBe('')

  const { traceId } = caller
  const [request, field, ...attempts] = receiver.spans.toSorted((one, other) =>
    Number(one.start - other.start),
  )
  if (!request || !field) throw new Error('spans are missing')
  expect(shapeOf(request)).toEqual({
    name: 'POST /graphql',
    kind: server,
    traceId,
    failed: false,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'url.path': '/graphql',
      'url.scheme': 'http',
      'http.response.status_code': 200,
      'graphql.operation.type': 'mutation',
      'graphql.operation.name': 'CreateContact',
    },
  })
  expect(shapeOf(field)).toEqual({
    name: 'createContact',
    kind: internal,
    traceId,
    failed: false,
    attributes: { 'callbell_graphql.outcome': 'APPLIED' },
  })
  const attempt = (name: string, failed: boolean, attributes: object): object => ({
    name,
    kind: client,
    traceId,
    failed,
    attributes: {
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(sandbox.url).port),
      'http.request.method': name.split(' ')[0],
      'url.template': name.split(' ')[1],
      'callbell_graphql.queue_ms': expect.any(Number),
      ...attributes,
    },
  })
  expect(attempts.map(shapeOf)).toEqual([
    attempt('POST /contacts', true, { 'http.response.status_code': 429, 'error.type': '429' }),
    attempt('POST /contacts', true, { 'error.type': 'CALLBELL_UNAVAILABLE', 'http.request.resend_count': 1 }),
    attempt('GET /contacts/phone/{number}', true, { 'http.response.status_code': 404, 'error.type': '404' }),
    attempt('GET /contacts/phone/{number}', false, { 'http.response.status_code': 200 }),
  ])

  // Each span has its cause as its parent, and lies within the time of the request.
  expect(request.parentSpanId).toBe(caller.spanId)
  expect(field.parentSpanId).toBe(request.spanId)
  expect(new Set(attempts.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([field.spanId]))
  for (const { start: startedAt, end: endedAt } of [field, ...attempts]) {
    expect(startedAt >= request.start && startedAt <= endedAt && endedAt <= request.end).toBe(true)
  }
  // Each request of an attempt carries its id, the gateway's own requests carry none, and the log has the trace id.
  const sent = sandbox.requests.filter(({ headers }) => headers['traceparent'] !== undefined)
  expect(sent.map(({ headers }) => [headers['traceparent'], headers['tracestate']])).toEqual(
    attempts.map(({ spanId }) => [`00-${traceId}-${spanId}-01`, 'vendor=1']),
  )
  expect(stdout).toContain(`"traceId":"${traceId}"`)
  // No span contains data of the contact.
  expect(
    JSON.stringify(receiver.spans, (_, value) => (typeof value === 'bigint' ? null : value)),
  ).not.toMatch(/Ada|1234567/)
  expect(new Set(receiver.spans.map(({ resource }) => JSON.stringify(resource))).size).toBe(1)
  expect(request.resource).toMatchObject({
    'service.name': 'callbell-graphql',
    'service.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
  })
  expect(receiver.exports[0]?.path).toBe('/v1/traces')
})

test('a failed field has a failed span, and its request with status 200 does not', async () => {
  const { sandbox, receiver, post, end } = await start()
  sandbox.failNext({ status: 401, body: { error: 'not authorized' } })
  await post()
  await end()
  const shapes = Object.fromEntries(receiver.spans.map((span) => [span.name, shapeOf(span)]))
  expect(shapes).toMatchObject({
    'POST /graphql': { failed: false, attributes: { 'http.response.status_code': 200 } },
    createContact: {
      failed: true,
      attributes: { 'callbell_graphql.outcome': 'NOT_APPLIED', 'error.type': 'CALLBELL_UNAUTHORIZED' },
    },
    'POST /contacts': { failed: true, attributes: { 'http.response.status_code': 401, 'error.type': '401' } },
  })
  expect(receiver.spans).toHaveLength(3)
})

test.each([
  ['missing', undefined],
  ['invalid', 'nonsense'],
  ['all zeros', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
])('a request whose traceparent is %s starts a new trace', async (_name, given) => {
  const { receiver, post, end } = await start()
  await post(given === undefined ? {} : { traceparent: given })
  await end()
  const roots = receiver.spans.filter(({ parentSpanId }) => parentSpanId === '')
  expect(roots.map(({ name }) => name)).toEqual(['POST /graphql'])
  expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1)
})

test('a trace that the caller does not sample is propagated, and not exported', async () => {
  const { sandbox, receiver, post, end } = await start()
  await post({ traceparent: traceparent.replace(/01$/, '00') })
  await end()
  expect(receiver.spans).toEqual([])
  // The gateway's own calls belong to no trace, and a lookup may follow the create.
  expect(sandbox.requests.flatMap(({ headers }) => headers['traceparent'] ?? [])).toEqual([
    expect.stringMatching(new RegExp(`^00-${caller.traceId}-[\\da-f]{16}-00$`)),
  ])
})

test('with a sample ratio of 0, only the sampled traces of callers are exported', async () => {
  const { receiver, post, end } = await start({ OTEL_TRACES_SAMPLER_ARG: '0' })
  await post()
  await post({ traceparent })
  await end()
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([caller.traceId]))
})

test('the operation name in a span is cut at 64 characters', async () => {
  const { receiver, post, end } = await start()
  await post({}, JSON.stringify({ query: `query ${'N'.repeat(10_000)} { nothing }` }))
  await end()
  expect(receiver.spans.map(({ attributes }) => attributes)).toMatchObject([
    { 'graphql.operation.name': 'N'.repeat(64), 'error.type': 'GRAPHQL_VALIDATION_FAILED' },
  ])
})

test('unauthenticated clients create no spans', async () => {
  const { receiver, post, end } = await start({
    GATEWAY_AUTH: 'api-key',
    GATEWAY_API_KEYS: `web:${'ab'.repeat(32)}`,
  })
  expect((await post({ traceparent })).status).toBe(401)
  await end()
  expect(receiver.spans).toEqual([])
})

test('exports have the configured headers and service name, and a failed one is logged without headers', async () => {
  const { receiver, post, end } = await start({
    OTEL_EXPORTER_OTLP_HEADERS: 'x-otlp-key=secret-of-otlp%21,other=1',
    OTEL_SERVICE_NAME: 'contacts',
  })
  receiver.answer(403)
  await post()
  const { stdout } = await end()
  expect(receiver.exports[0]?.headers).toMatchObject({ 'x-otlp-key': 'secret-of-otlp!', other: '1' })
  expect(receiver.spans[0]?.resource).toMatchObject({ 'service.name': 'contacts' })
  expect(stdout).toContain('OpenTelemetry')
  expect(stdout).not.toContain('secret-of-otlp')
})

test('a receiver that hangs does not block the shutdown', async () => {
  const { receiver, post, end } = await start()
  receiver.answer(null)
  await post()
  await end()
  expect(receiver.spans).toHaveLength(3)
})

test('without an endpoint, no span is exported and no header is propagated', async () => {
  const { sandbox, receiver, post, end } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })
  await post({ traceparent })
  const { stdout } = await end()
  expect(receiver.exports).toEqual([])
  expect(sandbox.requests.map(({ method }) => method)).toContain('POST')
  expect(sandbox.requests.flatMap(({ headers }) => headers['traceparent'] ?? [])).toEqual([])
  expect(stdout).not.toContain('traceId')
})
