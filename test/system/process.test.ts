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

test('without a token it runs on the sandbox, says so, and ends cleanly on SIGTERM', async () => {
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
      // The lookup after the first create: on a busy machine the signal comes after it.
      .filter((message) => !message.startsWith('lookups find what was created')),
  ).toEqual([
    `listening on ${url} (open it in a browser for GraphiQL)`,
    'CALLBELL_API_TOKEN is not set: using the built-in sandbox, nothing reaches Callbell',
    'a request was answered',
    'SIGTERM: shutting down after the requests in flight',
  ])
})

test.each([
  ['asks nobody answers to names of this machine only', {}, 421],
  [
    'asks for keys answers to any name',
    { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `web:${'ab'.repeat(32)}` },
    401,
  ],
])('a gateway that %s', async (_name, variables, status) => {
  const url = await startGateway(variables).url
  const [answer] = await sendRaw(
    url,
    'GET /graphql?query={__typename} HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n\r\n',
  )
  expect(answer?.status).toBe(status)
})

test('the address is printed even when nothing is logged', async () => {
  const gateway = startGateway({ LOG_LEVEL: 'silent' })
  expect(await gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/)
})

test('with a token it reaches the API that it is given', async () => {
  const sandbox = await startSandbox({ token: sentinelToken })
  onTestFinished(() => sandbox.close())
  const gateway = startGateway({
    CALLBELL_API_TOKEN: `Bearer ${sentinelToken}`,
    CALLBELL_API_URL: `${sandbox.url}/`,
  })
  const url = await gateway.url
  expect(await (await post(url)).json()).toEqual(created)
  // On a busy machine the event loop of a process that has just started is late for a while.
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

test('the token appears in no answer and no log line', async () => {
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
  // The first one meets the check of the token.
  const upstream = await startRawUpstream((socket, number) => socket.end(answers[number] ?? ''))
  const gateway = startGateway({
    CALLBELL_API_TOKEN: sentinelToken,
    CALLBELL_API_URL: upstream.url,
    LOG_LEVEL: 'trace',
  })
  const url = await gateway.url
  let said = ''
  while (upstream.requests.length < answers.length) {
    // Telegram's contacts can't be looked up: each answer meets one call.
    const response = await post(url, mutation.replace('WHATSAPP', 'TELEGRAM'))
    said += JSON.stringify([...response.headers]) + (await response.text())
  }
  for (const path of ['/graphql', '/livez', '/readyz', '/nowhere']) {
    const response = await fetch(new URL(path, url), { headers: { accept: 'text/html' } })
    said += JSON.stringify([...response.headers]) + (await response.text())
  }
  gateway.kill('SIGTERM')
  await gateway.ended
  const { stdout, stderr } = gateway.output()
  expect(upstream.requests).toHaveLength(answers.length)
  expect(said).toContain('[token] is no name')
  expect(said + stdout + stderr).not.toContain(sentinelToken)
})

test('a POST that has started is answered before the process ends', async () => {
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
  const asking = post(await gateway.url)
  await started.promise
  gateway.kill('SIGTERM')
  await expect.poll(() => gateway.output().stdout).toContain('SIGTERM')
  answer.resolve()
  expect(await (await asking).json()).toEqual(created)
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
})

test('connections that wait for nothing do not hold up the end', async () => {
  // Longer than this test may take: the limit of the drain is not what ends it.
  const gateway = startGateway({ CALLBELL_TIMEOUT_MS: '120000' })
  const { hostname, port } = new URL(await gateway.url)
  const silent = connect(Number(port), hostname)
  await once(silent, 'connect')
  // A kept-alive connection, idle after its answer.
  await (await post(await gateway.url)).text()
  gateway.kill('SIGTERM')
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
  silent.destroy()
})

test('of a mutation in two parts, the one that has started is finished and the other is not begun', async () => {
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
  const input = '(input: { identifier: "1", source: WHATSAPP, name: "John Doe" })'
  const query = `mutation { one: createContact${input} { contact { name } } two: createContact${input} { contact { name } } }`
  const asking = post(await gateway.url, JSON.stringify({ query }))
  await started.promise
  gateway.kill('SIGTERM')
  await expect.poll(() => gateway.output().stdout).toContain('SIGTERM')
  answer.resolve()
  expect(await (await asking).json()).toEqual({
    data: { one: { contact: { name: 'John Doe' } }, two: null },
    errors: [
      expect.objectContaining({
        path: ['two'],
        extensions: expect.objectContaining({ code: 'OVERLOADED', outcome: 'NOT_APPLIED', retryable: true }),
      }),
    ],
  })
  expect(upstream.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1)
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
})

test('a store that cannot be opened ends it, saying why', async () => {
  const gateway = startGateway({ STORE_URL: 'sqlite:/dev/null/keys.db' })
  expect(await gateway.ended).toEqual({ code: 1, signal: null })
  expect(gateway.output().stderr).toMatch(/^STORE_URL: the store cannot be opened: /)
})

test('a configuration that cannot be used ends it, with every problem', async () => {
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

test('the environment wins over .env', async () => {
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
const kept = (problem: string): object => ({
  level: 'error',
  msg: `API keys not reloaded: ${problem}`,
})

test('keys that change in .env are taken over, and a file with problems changes nothing', async () => {
  const gateway = startGateway({}, 0, dotEnv(`web:${digest('01')}`))
  await gateway.url
  const said = (): Record<string, unknown>[] =>
    gateway
      .output()
      .stdout.trim()
      .split('\n')
      .slice(2)
      .map((line) => JSON.parse(line))
      .map(({ level, msg, names }) => ({ level, msg, names }))
  /** At once: a file that is half written could be read. */
  const replaceDotEnv = (text: string): void => {
    writeFileSync(join(gateway.folder, 'new'), text)
    renameSync(join(gateway.folder, 'new'), join(gateway.folder, '.env'))
  }
  replaceDotEnv(dotEnv(`web:${digest('02')},report:${digest('03')}`))
  const taken = { level: 'info', msg: 'API keys reloaded, now 2', names: ['web', 'report'] }
  await expect.poll(said).toEqual([taken])
  replaceDotEnv(dotEnv('web:k3y-in-clear'))
  await expect
    .poll(said)
    .toEqual([
      taken,
      kept(
        'GATEWAY_API_KEYS item 1 must have a SHA-256 hex digest (64 hex digits) after the name, never the key itself',
      ),
    ])
})

test('a port that is taken ends it, with its name', async () => {
  const taken = createServer()
  onTestFinished(() => void taken.close())
  const { port } = await listen(taken, 0, '127.0.0.1')
  const gateway = startGateway({ PORT: String(port) })
  expect(await gateway.ended).toEqual({ code: 1, signal: null })
  expect(gateway.output().stderr).toBe(
    `Port ${port} on 127.0.0.1 is already in use. Set PORT to another one.\n`,
  )
})
