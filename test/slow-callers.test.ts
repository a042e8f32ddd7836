/** An attacker who has time: callers that send little, slowly, or read nothing, and many of them. */
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { startGateway } from './support/child-gateway.ts'
import { closed, openSocket, sendRaw } from './support/raw-request.ts'
import type { TestGateway } from './support/test-gateway.ts'
import { createTestGateway } from './support/test-gateway.ts'

/** Short, so that these tests need not wait for the real ones. */
const limits = { headersTimeout: 300, requestTimeout: 600, keepAliveTimeout: 300, answerTakenMs: 300 }
const head = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'

/** Repeated, since on a busy machine a request may take longer than these short limits allow. */
async function expectService({ execute }: TestGateway): Promise<void> {
  await expect.poll(() => execute('{contact(uuid:"1"){name}}')).toEqual({ data: { contact: null } })
}

/** What is said on a connection until it is closed. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await closed(socket)
  return text
}

/** Sends a byte whenever the one before has left, and some time has gone by, until it is cut off. */
function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 50)
  socket.once('close', () => clearInterval(timer))
}

test.each<[string, (socket: Socket) => void, RegExp]>([
  ['says nothing', () => undefined, /^HTTP\/1\.1 408 /],
  [
    'sends a header byte by byte',
    (socket) => {
      socket.write('GET /livez HTTP/1.1\r\nx: ')
      drip(socket, 'y')
    },
    /^HTTP\/1\.1 408 /,
  ],
  [
    'sends header after header',
    (socket) => {
      socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n')
      drip(socket, 'x: y\r\n')
    },
    /^HTTP\/1\.1 408 [\s\S]*"The request did not arrive in time"/,
  ],
  [
    'sends its body byte by byte',
    (socket) => {
      socket.write(`${head}content-length: 1000\r\n\r\n`)
      drip(socket, ' ')
    },
    /^HTTP\/1\.1 408 [\s\S]*"The request did not arrive in time"/,
  ],
  [
    'stops in the middle of its body',
    (socket) => void socket.write(`${head}content-length: 1000\r\n\r\n{`),
    /^HTTP\/1\.1 408 /,
  ],
])('a caller who %s is told so and cut off, and others are served', async (_name, behave, answer) => {
  const gateway = await createTestGateway({ limits })
  const socket = await openSocket(gateway.url)
  const reading = readAll(socket)
  behave(socket)
  await expectService(gateway)
  expect(await reading).toMatch(answer)
  await expectService(gateway)
})

test('a connection that is kept without being used is closed', async () => {
  const gateway = await createTestGateway({ limits })
  const answers = await sendRaw(gateway.url, 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
  expect(answers.map(({ body }) => body)).toEqual(['{"live":true}'])
})

test('a caller who reads nothing is cut off', async () => {
  const gateway = await createTestGateway({ limits })
  const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
  const script = /\/graphiql\/graphiql-\w+\.js/.exec(await page.text())?.[0]
  const socket = await openSocket(gateway.url)
  socket.pause()
  // Nine megabytes: more than what the sockets take by themselves.
  socket.write(`GET ${script} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  // The one of `fetch` is closed for being idle, this one for reading nothing.
  await expect.poll(() => gateway.connections()).toBe(0)
  await expectService(gateway)
})

test('one connection too many closes the one that has been idle for longest, and none that is served', async () => {
  const gateway = await createTestGateway({ limits: { connections: 3 } })
  gateway.sandbox.failNext({ delayMs: 60_000 })
  const served = await openSocket(gateway.url)
  const body = JSON.stringify({ query: '{contact(uuid:"1"){name}}' })
  served.write(`${head}content-length: ${body.length}\r\n\r\n${body}`)
  await expect.poll(() => gateway.sandbox.requests.length).toBe(1)
  const first = await openSocket(gateway.url)
  const second = await openSocket(gateway.url)
  const third = await openSocket(gateway.url)
  await closed(first)
  expect([served.closed, second.closed, third.closed]).toEqual([false, false, false])
})

test('10,000 connections that say nothing keep nobody out', async () => {
  const gateway = startGateway()
  const url = await gateway.url
  const silent: Socket[] = []
  while (silent.length < 10_000) {
    silent.push(...(await Promise.all(Array.from({ length: 250 }, () => openSocket(url)))))
  }
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{contact(uuid:\\"1\\"){name}}"}',
  })
  expect(await response.json()).toEqual({ data: { contact: null } })
  // Of theirs, the newest are left: all others made room.
  await expect.poll(() => silent.filter((socket) => !socket.closed).length).toBeLessThan(2000)
  for (const socket of silent) socket.destroy()
  gateway.kill('SIGTERM')
  expect(await gateway.ended).toEqual({ code: 0, signal: null })
}, 60_000)
