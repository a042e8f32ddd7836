/** A Callbell below HTTP that fails at every boundary of a request, and counts the contacts that it made. */
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/listen.ts'
import { httpAnswer } from '../support/raw-upstream.ts'
import { createTestGateway } from '../support/test-gateway.ts'

/** Where the first POST, and nothing else, is cut. */
type Boundary =
  | 'when it has connected'
  | 'after its head'
  | 'in the middle of its body'
  | 'after the work, before the answer'
  | 'in the middle of the answer’s head'
  | 'in the middle of the answer’s body'

interface Scripted {
  readonly url: string
  /** Method of each request that arrived at least in part. */
  readonly requests: string[]
  applied(): number
}

const contact = (number: number): string =>
  JSON.stringify({
    contact: {
      uuid: `u${number}`,
      name: 'Ada',
      createdAt: new Date().toISOString(),
      customFields: { 'Billing Address': address },
    },
  })

const address = 'Via Roma '.repeat(10_000)

async function startScripted(boundary: Boundary, warmUps = 0): Promise<Scripted> {
  const requests: string[] = []
  const applied: string[] = []
  let hasCut = false

  function serve(socket: Socket, method: string): void {
    if (method === 'POST') applied.push(contact(applied.length))
    const body = applied.at(-1)
    socket.write(
      body === undefined
        ? httpAnswer('404 Not Found', '{"error":"not found"}')
        : httpAnswer('200 OK', body, `date: ${new Date().toUTCString()}\r\n`),
    )
  }

  /** Answers the one request that is cut, as far as it is to come. */
  function cut(socket: Socket, isWhole: boolean): boolean {
    if (boundary === 'after its head' || (boundary === 'in the middle of its body' && !isWhole)) {
      socket.destroy()
      return true
    }
    if (!isWhole) return false
    applied.push(contact(applied.length))
    const answer = httpAnswer('201 Created', applied.at(-1))
    if (boundary === 'after the work, before the answer') socket.destroy()
    if (boundary === 'in the middle of the answer’s head') socket.end(answer.slice(0, 20))
    if (boundary === 'in the middle of the answer’s body') socket.end(answer.slice(0, -10))
    return true
  }

  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    if (boundary === 'when it has connected' && !hasCut) {
      hasCut = true
      requests.push('POST')
      socket.destroy()
      return
    }
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const isNew = text === ''
      text += chunk
      const method = text.slice(0, text.indexOf(' '))
      if (isNew) requests.push(method)
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      const isWhole = head >= 0 && text.length - head - 4 >= length
      if (!hasCut && method === 'POST' && requests.length > warmUps) {
        hasCut = cut(socket, isWhole)
      } else if (isWhole) {
        serve(socket, method)
      }
      if (isWhole) text = ''
    })
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${port}/v1`, requests, applied: () => applied.length }
}

const document =
  'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { uuid } } }'
const input = {
  identifier: '+39 02 5',
  source: 'WHATSAPP',
  name: 'Ada',
  // Large enough to travel in several pieces.
  customFields: [{ name: 'Billing Address', value: address }],
}
const created = { data: { createContact: { contact: { uuid: 'u0' } } } }

const unknown = {
  errors: [
    expect.objectContaining({ extensions: expect.objectContaining({ outcome: 'UNKNOWN', attempts: 1 }) }),
  ],
}

test.each<[Boundary, object, RegExp, number]>([
  ['when it has connected', unknown, /^POST( GET)+$/, 0],
  ['after its head', unknown, /^POST( GET)+$/, 0],
  ['in the middle of its body', unknown, /^POST( GET)+$/, 0],
  ['after the work, before the answer', created, /^POST GET$/, 1],
  ['in the middle of the answer’s head', created, /^POST GET$/, 1],
  ['in the middle of the answer’s body', created, /^POST GET$/, 1],
])('a create that is cut %s is sent once', async (boundary, expected, requests, applied) => {
  const upstream = await startScripted(boundary)
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 3000 })
  expect(await execute(document, { input })).toMatchObject(expected)
  expect(upstream.requests.join(' ')).toMatch(requests)
  expect(upstream.applied()).toBe(applied)
})

test('a create on a kept connection that is closed under it is sent once', async () => {
  const upstream = await startScripted('after its head', 1)
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 3000 })
  expect(await execute('{ contact(uuid: "u") { uuid } }')).toEqual({ data: { contact: null } })
  expect(await execute(document, { input })).toMatchObject(unknown)
  expect(upstream.requests.join(' ')).toMatch(/^GET POST( GET)+$/)
  expect(upstream.applied()).toBe(0)
})
