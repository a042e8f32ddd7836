/**
 * Helpers of the tests in the folders `attacks`: each test is a request, the exact response, and what reached
 * Callbell. The tests cover the OWASP GraphQL cheat sheet and graphql-cop's checks.
 */
import type { Socket } from 'node:net'
import { expect } from 'vitest'
import type { RawAnswer } from './raw-request.ts'
import { closed } from './raw-request.ts'
import type { TestGateway } from './test-gateway.ts'

export const input = 'input:{identifier:"+39 02 5",source:WHATSAPP,name:"Ada"}'
export const create = `createContact(${input}){contact{name}}`
export const many = (count: number): number[] => Array.from({ length: count }, (_, number) => number)
export const times = (count: number, part: (number: number) => string): string =>
  many(count).map(part).join(' ')

/** @returns the number of requests that reached Callbell */
export function upstreamRequests({ sandbox }: TestGateway): number {
  return sandbox.requests.length
}

export async function resultOf(response: Response): Promise<object> {
  const { errors, data } = await response.json()
  return { status: response.status, data, errors: errors?.map(codeAndMessage) }
}

export async function size(response: Response): Promise<number> {
  return (await response.text()).length
}

function codeAndMessage({ message, extensions }: { message: string; extensions: { code: string } }): string {
  return `${extensions.code}: ${message}`
}

/** Short, so that these tests need not wait for the real ones. */
export const shortLimits = {
  headersTimeout: 300,
  requestTimeout: 600,
  keepAliveTimeout: 300,
  sendTimeoutMs: 300,
}
export const headOfPost = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
export const chunkedHead = `${headOfPost}transfer-encoding: chunked\r\n\r\n`

/** Repeated, since on a busy machine a request may take longer than these short limits allow. */
export async function expectService({ execute }: TestGateway): Promise<void> {
  await expect.poll(() => execute('{contact(uuid:"1"){name}}')).toEqual({ data: { contact: null } })
}

/** @returns all that the gateway sends until the connection is closed */
export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await closed(socket)
  return text
}

/** Sends a byte every 50 ms until the connection is closed. */
export function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 50)
  socket.once('close', () => clearInterval(timer))
}

/** Writes bytes and waits until they are sent. */
export async function write(socket: Socket, bytes: string | Buffer): Promise<void> {
  await new Promise((resolve) => void socket.write(bytes, resolve))
}

/** Sends the bytes repeatedly until the connection is closed. @returns how many bytes were sent */
export async function flood(socket: Socket, bytes: string | Buffer): Promise<number> {
  const end = closed(socket)
  while (!socket.closed) await Promise.race([write(socket, bytes), end])
  return socket.bytesWritten
}

/** @returns the statuses of a query and of a health check by another caller */
export async function askAll(url: string): Promise<number[]> {
  const headers = { 'content-type': 'application/json', 'x-api-key': 'k' }
  const body = '{"query":"{contact(uuid:\\"1\\"){name}}"}'
  const answers = await Promise.all([
    fetch(url, { method: 'POST', headers, body }),
    fetch(new URL('/livez', url)),
  ])
  return Promise.all(answers.map(async (answer) => ((await answer.text()) === '' ? 0 : answer.status)))
}

/** The relevant parts of a response that closes the connection. */
export function summary({ status, headers, body }: RawAnswer): object {
  const errors = body.startsWith('{"errors"') ? JSON.parse(body).errors.map(codeAndMessage) : undefined
  return { status, connection: headers['connection'], errors }
}

export const tooLarge = (bytes: string) => ({
  status: 413,
  data: undefined,
  errors: [`REQUEST_ENTITY_TOO_LARGE: The request body has ${bytes} bytes; the limit is 100,000 bytes.`],
})

export const tinyChunks = (count: number, byte = ' '): string => `1\r\n${byte}\r\n`.repeat(count)
/** The same request with `connection: close`. */
export const closing = (bytes: string): string => bytes.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')

export const tooMuch = (what: string) => ({
  status: 400,
  data: undefined,
  errors: [`QUERY_TOO_COMPLEX: Query too large: at most ${what}.`],
})

export const tagList = (count: number): string[] => many(count).map((number) => `t${number}`)

export const withTags = (tags: readonly string[]): object => ({ contact: { uuid: '1', tags } })
