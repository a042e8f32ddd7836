/** The gateway as a process: start, configuration, log and shutdown. */
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/listen.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startGateway } from '../support/child-gateway.ts'
import { sendRaw } from '../support/raw-request.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { sentinelToken } from '../support/test-gateway.ts'

const mutation = JSON.stringify({
  query:
    'mutation { createContact(input: {identifier: "123456789", source: WHATSAPP, name: "John Doe"}) { contact { name } userErrors { message } } }',
})
const created = { data: { createContact: { contact: { name: 'John Doe' }, userErrors: [] } } }

async function post(url: string, body = mutation): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
}

test('without a token, the gateway uses the sandbox, logs that, and exits on SIGTERM', async () => {
  const gateway = startGateway()
  const url = await gateway.url
  expect(await (await post(url)).json()).toEqual(created)
  gateway.kill('SIGTERM')
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
  const { stdout, stderr } = gateway.output()
  expect(stderr).toBe('')
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg)
      // On a busy machine, the lookup after the first create is logged before the signal.
      .filter((message) => !message.startsWith('lookups find what was created')),
  ).toEqual([
    `listening on ${url} (open it in a browser for GraphiQL)`,
    'CALLBELL_API_TOKEN is not set: using the built-in sandbox, nothing reaches Callbell',
    'a request was answered',
    'SIGTERM: shutting down after the requests in flight',
  ])
})

test.each([
  ['without authentication refuses a foreign Host header', {}, 421],
  [
    'with API keys accepts any Host header',
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `web:${'ab'.repeat(32)}` },
    401,
  ],
])('a gateway %s', async (_name, variables, status) => {
  const url = await startGateway(variables).url
  const [answer] = await sendRaw(
    url,
    'GET /graphql?query={__typename} HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n\r\n',
  )
  expect(answer?.status).toBe(status)
})

test('the address is printed even if the log is silent', async () => {
  const gateway = startGateway({ LOG_LEVEL: 'silent' })
  expect(await gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/)
})

test('with a token, the gateway calls the configured API', async () => {
  const sandbox = await startSandbox({ token: sentinelToken })
  onTestFinished(() => sandbox.close())
  const gateway = startGateway({
    CALLBELL_API_TOKEN: `Bearer ${sentinelToken}`,
    CALLBELL_API_URL: `${sandbox.url}/`,
  })
  const url = await gateway.url
  expect(await (await post(url)).json()).toEqual(created)
  // On a busy machine, the event loop of a new process is late for a while.
  await expect
    .poll(async () => (await fetch(new URL('/readyz', url))).json())
    .toEqual({ ready: true, upstream: 'callbell', reasons: [] })
  const agent = expect.stringMatching(/^callbell-graphql\/\d+\.\d+\.\d+$/)
  const sent = sandbox.requests.map(({ method, path, headers }) => [method, path, headers['user-agent']])
  expect(sent.slice(0, 2)).toEqual([
    ['GET', '/v1/auth/me', agent],
    ['POST', '/v1/contacts', agent],
  ])
})

test('the token appears in no response and no log line', async () => {
  const echo = JSON.stringify({
    error: { name: [`Bearer ${sentinelToken} is no name`], [sentinelToken]: ['x'] },
  })
  const answers = [
    httpAnswer('401 Unauthorized', JSON.stringify({ error: sentinelToken })),
    httpAnswer('401 Unauthorized', JSON.stringify({ error: sentinelToken })),
    httpAnswer('422 Unprocessable Content', echo),
    httpAnswer('500 Internal Server Error', sentinelToken, `x-token: ${sentinelToken}\r\n`),
    httpAnswer('201 Created', `not JSON ${sentinelToken}`),
    httpAnswer('302 Found', '', `location: https://${sentinelToken}.example\r\n`),
    `${sentinelToken}\r\n\r\n`,
  ]
  // The first one answers the token check at the start.
  const upstream = await startRawUpstream((socket, number) => socket.end(answers[number] ?? ''))
  const gateway = startGateway({
    CALLBELL_API_TOKEN: sentinelToken,
    CALLBELL_API_URL: upstream.url,
    LOG_LEVEL: 'trace',
  })
  const url = await gateway.url
  let received = ''
  while (upstream.requests.length < answers.length) {
    // Contacts of Telegram cannot be looked up, so that each answer goes to one call.
    const response = await post(url, mutation.replace('WHATSAPP', 'TELEGRAM'))
    received += JSON.stringify([...response.headers]) + (await response.text())
  }
  for (const path of ['/graphql', '/livez', '/readyz', '/nowhere']) {
    const response = await fetch(new URL(path, url), { headers: { accept: 'text/html' } })
    received += JSON.stringify([...response.headers]) + (await response.text())
  }
  gateway.kill('SIGTERM')
  await gateway.ended
  const { stdout, stderr } = gateway.output()
  expect(upstream.requests).toHaveLength(answers.length)
  expect(received).toContain('[token] is no name')
  expect(received + stdout + stderr).not.toContain(sentinelToken)
})

/** Sends SIGTERM to a gateway while Callbell holds the first create of this request, and then answers the create. */
async function shutDownDuring(body: string) {
  const started = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  const upstream = await startRawUpstream((socket, _number, request) => {
    if (!request.startsWith('POST')) {
      socket.write(httpAnswer('200 OK', '{"status":"ok"}'))
      return
    }
    started.resolve()
    const text = httpAnswer('201 Created', '{"contact":{"uuid":"u","name":"John Doe"}}')
    void answer.promise.then(() => socket.write(text))
  })
  const gateway = startGateway({ CALLBELL_API_TOKEN: sentinelToken, CALLBELL_API_URL: upstream.url })
  const response = post(await gateway.url, body)
  await started.promise
  gateway.kill('SIGTERM')
  await expect.poll(() => gateway.output().stdout).toContain('SIGTERM')
  answer.resolve()
  return { response: await response, gateway, requests: upstream.requests }
}

test('a create in flight is completed before the process exits', async () => {
  const { response, gateway } = await shutDownDuring(mutation)
  expect(await response.json()).toEqual(created)
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
})

test('idle connections do not delay the exit', async () => {
  // The drain timeout is longer than this test, so that it does not end the process.
  const gateway = startGateway({ CALLBELL_TIMEOUT_MS: '120000' })
  const { hostname, port } = new URL(await gateway.url)
  const idle = connect(Number(port), hostname)
  await once(idle, 'connect')
  // A kept-alive connection, idle after its answer.
  await (await post(await gateway.url)).text()
  gateway.kill('SIGTERM')
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
  idle.destroy()
})

test('during a shutdown, the started field of a mutation is completed and the next one is refused', async () => {
  const input = '(input: { identifier: "1", source: WHATSAPP, name: "John Doe" })'
  const query = `mutation { one: createContact${input} { contact { name } } two: createContact${input} { contact { name } } }`
  const { response, gateway, requests } = await shutDownDuring(JSON.stringify({ query }))
  expect(await response.json()).toEqual({
    data: { one: { contact: { name: 'John Doe' } }, two: null },
    errors: [
      expect.objectContaining({
        path: ['two'],
        extensions: expect.objectContaining({ code: 'OVERLOADED', outcome: 'NOT_APPLIED', retryable: true }),
      }),
    ],
  })
  expect(requests.filter((request) => request.startsWith('POST'))).toHaveLength(1)
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
})

test('the process reports a store that cannot be opened, and exits', async () => {
  const gateway = startGateway({ STORE_URL: 'sqlite:/dev/null/keys.db' })
  expect(await gateway.ended).toEqual({ code: 1, signal: null })
  expect(gateway.output().stderr).toMatch(/^STORE_URL: the store cannot be opened: /)
})

test('the process reports all problems of an invalid configuration, and exits', async () => {
  const gateway = startGateway({ PORT: 'http', CALLBELL_API_TOKEN: `${sentinelToken} x`, LOG_LEVEL: 'loud' })
  expect(await gateway.ended).toEqual({ code: 1, signal: null })
  expect(gateway.output()).toEqual({
    stdout: '',
    stderr: `The configuration has problems:
  - CALLBELL_API_TOKEN must consist of printable ASCII characters without spaces (its value is not shown here)
  - PORT must be a whole number from 0 to 65535, but is "http"
  - LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is "loud"
`,
  })
})

test('environment variables override `.env`', async () => {
  const gateway = startGateway({ LOG_LEVEL: 'silent' }, 0, 'LOG_LEVEL=loud\nCALLBELL_MAX_RPS=many\n')
  expect(await gateway.ended).toEqual({ code: 1, signal: null })
  expect(gateway.output().stderr).toBe(
    `The configuration has problems:
  - CALLBELL_MAX_RPS must be a whole number of requests from 0 to 100000, but is "many"
`,
  )
})

const digest = (byte: string): string => byte.repeat(32)
const dotEnv = (keys: string): string => `GATEWAY_AUTH=api-key\nGATEWAY_API_KEYS=${keys}\n`
const notReloaded = (problem: string): object => ({
  level: 'error',
  msg: `API keys not reloaded: ${problem}`,
})

test('changed keys in `.env` are reloaded, and a file with problems is not', async () => {
  const gateway = startGateway({}, 0, dotEnv(`web:${digest('01')}`))
  await gateway.url
  const logged = (): Record<string, unknown>[] =>
    gateway
      .output()
      .stdout.trim()
      .split('\n')
      .slice(2)
      .map((line) => JSON.parse(line))
      .map(({ level, msg, names }) => ({ level, msg, names }))
  /** The rename is atomic: the gateway reads no half-written file. */
  const replaceDotEnv = (text: string): void => {
    writeFileSync(join(gateway.folder, 'new'), text)
    renameSync(join(gateway.folder, 'new'), join(gateway.folder, '.env'))
  }
  replaceDotEnv(dotEnv(`web:${digest('02')},report:${digest('03')}`))
  const reloaded = { level: 'info', msg: 'API keys reloaded, now 2', names: ['web', 'report'] }
  await expect.poll(logged).toEqual([reloaded])
  replaceDotEnv(dotEnv('web:k3y-in-clear'))
  await expect
    .poll(logged)
    .toEqual([
      reloaded,
      notReloaded(
        'GATEWAY_API_KEYS item 1 must have a SHA-256 hex digest (64 hex digits) after the name, never the key itself',
      ),
    ])
})

test('the process reports a port in use, and exits', async () => {
  const taken = createServer()
  onTestFinished(() => void taken.close())
  const { port } = await listen(taken, 0, '127.0.0.1')
  const gateway = startGateway({ PORT: String(port) })
  expect(await gateway.ended).toEqual({ code: 1, signal: null })
  expect(gateway.output().stderr).toBe(
    `Port ${port} on 127.0.0.1 is already in use. Set PORT to another one.\n`,
  )
})
