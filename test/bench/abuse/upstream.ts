/**
 * A Callbell that is as bad as an attacker may wish: long notes, fifty pages of teams, slow contacts, errors
 * of a megabyte. What it answers follows from the request alone; it keeps the tags of one contact. A process
 * of its own, which prints its address and ends by itself after an hour.
 */
import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { listen } from '../../../src/listen.ts'
import { isObject } from '../../../src/domain/json.ts'
import { contactName, keyId, names, sharedContact, slowContact } from './scene.ts'

const longestLifeMs = 3_600_000
const pageSize = 20
const pagesOfTeams = 50
const messageCharacters = 45_000
/** As long as a call may take before the gateway gives it up. */
const slowMs = 9000
/** An edit of tags makes three calls: with these, those of one contact have to wait for each other. */
const sharedMs = 40

const createdAt = '2026-01-01T00:00:00Z'
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

// The first character makes two bytes of each of the others, in V8 as well as in the gateway's buffers.
const longText = `…${'x'.repeat(messageCharacters)}`
const messages = JSON.stringify({
  messages: many(pageSize, (index) => ({ uuid: `m${index}`, text: longText, createdAt, status: 'received' })),
})
const teams = JSON.stringify({
  teams: many(pageSize, (index) => ({ uuid: `t${index}`, name: 'A team', createdAt, members: 1 })),
  meta: { page: 1, pages: pagesOfTeams },
})
const longError = JSON.stringify({ error: many(50, () => '\u202E\u0007<b>no</b> '.repeat(1000)) })
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keySet = JSON.stringify({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256' }],
})

let sharedTags: readonly unknown[] = []
let created = 0

function contact(uuid: string, others: object = {}): object {
  return { uuid, name: contactName(uuid), source: 'whatsapp', createdAt, tags: [], ...others }
}

function page(after: string | null): object {
  const number = Number(after ?? 0) || 0
  return {
    contacts: many(pageSize, (index) => contact(`c${number}-${index}`, { note: 'n'.repeat(1000) })),
    meta: { page: 1, pages: 1000, next: String(number + 1) },
  }
}

interface Reply {
  readonly status?: number
  /** JSON text. */
  readonly text: string
}

function create(body: Readonly<Record<string, unknown>>): Reply {
  if (body['name'] === names.refused) return { status: 400, text: longError }
  if (body['name'] === names.failed) return { status: 500, text: '{"error":"no"}' }
  created += 1
  const { name, custom_fields: customFields = {} } = body
  return { status: 201, text: JSON.stringify({ contact: contact(`u${created}`, { name, customFields }) }) }
}

async function reply(method: string, path: string, query: URLSearchParams, body: unknown): Promise<Reply> {
  const given = isObject(body) ? body : {}
  const [, , resource, uuid = '', part] = path.split('/').map(decodeURIComponent)
  if (resource === 'jwks.json') return { text: keySet }
  if (resource === 'teams') return { text: teams }
  if (resource !== 'contacts' || uuid === 'phone') return { status: 404, text: '{"error":"not found"}' }
  if (part === 'messages') return { text: messages }
  if (uuid === '')
    return method === 'POST' ? create(given) : { text: JSON.stringify(page(query.get('after'))) }
  if (uuid === slowContact) await delay(slowMs)
  if (uuid !== sharedContact) return { text: JSON.stringify({ contact: contact(uuid) }) }
  await delay(sharedMs)
  if (Array.isArray(given['tags'])) sharedTags = given['tags'].slice(0, 1000)
  return { text: JSON.stringify({ contact: contact(uuid, { tags: sharedTags }) }) }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request
  const { pathname, searchParams } = new URL(url, 'http://upstream')
  const body = await json(request).catch(() => undefined)
  const { status = 200, text } = await reply(method, pathname, searchParams, body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

const server = createServer({ keepAliveTimeout: longestLifeMs }, (request, response) => {
  handle(request, response).catch(() => request.socket.destroy())
})
setTimeout(() => process.exit(1), longestLifeMs).unref()
const { port } = await listen(server, 0, '127.0.0.1')
process.stdout.write(`listening on http://127.0.0.1:${port}/v1 \n`)
