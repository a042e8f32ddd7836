/** Creates whose connection breaks at each point of the request or the response: the request is sent once. */
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/listen.ts'
import { httpAnswer } from '../support/raw-upstream.ts'
import { createTestGateway } from '../support/test-gateway.ts'

/** Where the connection of the first POST breaks. */
type CutPoint =
  | 'after connecting'
  | 'after its head'
  | 'in the middle of its body'
  | 'after the work, before the answer'
  | 'in the middle of the answer’s head'
  | 'in the middle of the answer’s body'

interface CuttingUpstream {
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

async function startCuttingUpstream(cutPoint: CutPoint, warmUps = 0): Promise<CuttingUpstream> {
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

  /** Sends the part of the response before the cut. @returns whether the connection is closed */
  function cut(socket: Socket, isWhole: boolean): boolean {
    if (cutPoint === 'after its head' || (cutPoint === 'in the middle of its body' && !isWhole)) {
      socket.destroy()
      return true
    }
    if (!isWhole) return false
    applied.push(contact(applied.length))
    const answer = httpAnswer('201 Created', applied.at(-1))
    if (cutPoint === 'after the work, before the answer') socket.destroy()
    if (cutPoint === 'in the middle of the answer’s head') socket.end(answer.slice(0, 20))
    if (cutPoint === 'in the middle of the answer’s body') socket.end(answer.slice(0, -10))
    return true
  }

  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    if (cutPoint === 'after connecting' && !hasCut) {
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
  // Large enough to be sent in several chunks.
  customFields: [{ name: 'Billing Address', value: address }],
}
const created = { data: { createContact: { contact: { uuid: 'u0' } } } }

const unknown = {
  errors: [
    expect.objectContaining({ extensions: expect.objectContaining({ outcome: 'UNKNOWN', attempts: 1 }) }),
  ],
}

test.each<[CutPoint, object, RegExp, number]>([
  ['after connecting', unknown, /^POST( GET)+$/, 0],
  ['after its head', unknown, /^POST( GET)+$/, 0],
  ['in the middle of its body', unknown, /^POST( GET)+$/, 0],
  ['after the work, before the answer', created, /^POST GET$/, 1],
  ['in the middle of the answer’s head', created, /^POST GET$/, 1],
  ['in the middle of the answer’s body', created, /^POST GET$/, 1],
])('a create whose connection breaks %s is sent once', async (cutPoint, expected, requests, applied) => {
  const upstream = await startCuttingUpstream(cutPoint)
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 3000 })
  expect(await execute(document, { input })).toMatchObject(expected)
  expect(upstream.requests.join(' ')).toMatch(requests)
  expect(upstream.applied()).toBe(applied)
})

test('a create on a reused connection that breaks is sent once', async () => {
  const upstream = await startCuttingUpstream('after its head', 1)
  const { execute } = await createTestGateway({ url: upstream.url, timeoutMs: 3000 })
  expect(await execute('{ contact(uuid: "u") { uuid } }')).toEqual({ data: { contact: null } })
  expect(await execute(document, { input })).toMatchObject(unknown)
  expect(upstream.requests.join(' ')).toMatch(/^GET POST( GET)+$/)
  expect(upstream.applied()).toBe(0)
})
