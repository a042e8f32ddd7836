/** Two gateways that receive the same requests: one with the fast path, and one without. */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { request as send } from 'undici'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { listen } from '../../src/listen.ts'
import type { RawAnswer } from './raw-request.ts'
import { sendRaw } from './raw-request.ts'
import type { TestGateway, TestGatewayOptions } from './test-gateway.ts'
import { createTestGateway } from './test-gateway.ts'

/** The first plans the operation, the others use the plan. */
export const runs = 5

/** One HTTP request. */
export interface SentRequest {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

const contact = {
  uuid: 'c1',
  name: 'Zoë "Quote" Ünïcode \u2028 😀',
  phoneNumber: '+39 02 1',
  source: 'webchat',
  createdAt: '2025-12-18 20:00:19 +0100',
  tags: ['a', 'ü'],
  customFields: { A: '["x"]', B: 'y' },
  team: { uuid: 't1', name: 'Sales', default: true, members: 3 },
  channel: { uuid: 'h1', title: 'WhatsApp', type: 'whatsapp', main: true },
}

/** The responses of the upstream, by a marker in the path or body of a request. */
export const answers: Readonly<Record<string, readonly [status: number, body: string]>> = {
  refused: [422, JSON.stringify({ error: { name: ['is too short'], tags: ['unknown'] } })],
  unauthorized: [401, JSON.stringify({ error: 'not authorized' })],
  unpaid: [402, ''],
  broken: [201, '{'],
  nameless: [201, JSON.stringify({ contact: { name: 'x' } })],
  redirect: [302, ''],
  odd: [201, JSON.stringify({ contact: { uuid: 'c2', name: 5, tags: 'x', customFields: [1] } })],
  missing: [404, JSON.stringify({ error: 'not found' })],
}

interface Upstream {
  readonly url: string
  readonly requests: string[]
}

async function startUpstream(): Promise<Upstream> {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const seen = `${request.method} ${request.url} ${body}`
    requests.push(seen)
    const [, found] = Object.entries(answers).find(([marker]) => seen.includes(marker)) ?? []
    const [status, answer] = found ?? [200, answerTo(request.url ?? '', body)]
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer)
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${port}/v1`, requests }
}

const given = z.object({ name: z.string(), identifier: z.string() }).partial()

/** The requested or created contact, and everything else that any endpoint returns. */
function answerTo(url: string, body: string): string {
  const [, kind, id] = /^\/v1\/contacts\/(phone\/|bsuid\/)?([^/?]+)/.exec(url) ?? []
  const { name, identifier } = id === undefined && body !== '' ? given.parse(JSON.parse(body)) : {}
  const requested = id === undefined ? undefined : decodeURIComponent(id)
  const uuid = kind === undefined ? requested : undefined
  const phoneNumber = kind === 'phone/' ? requested : identifier
  return JSON.stringify({
    contact: {
      ...contact,
      ...(uuid !== undefined && { uuid }),
      ...(phoneNumber !== undefined && { phoneNumber }),
      ...(name !== undefined && { name }),
    },
    contacts: [contact],
    teams: [],
    channels: [],
    funnels: [],
    messages: [],
    meta: {},
    bot: { uuid: 'b1' },
    success: true,
    status: 'contact was destroyed',
  })
}

export interface Paths {
  /** Sends a request to both gateways three times, and compares each time. @returns the last responses */
  readonly expectSame: (sent: SentRequest) => Promise<readonly RawAnswer[]>
  /**
   * Runs the same operation several times on both gateways. Compares the first and the last run of each, and
   * both gateways with each other: the response, the requests to Callbell, the log line.
   */
  readonly expectSameAtEachRun: (body: string, count?: number) => Promise<RawAnswer>
  /** Compares the requests of both gateways to Callbell, and their counters. */
  readonly expectSameTraces: () => Promise<void>
  readonly forgetLogs: () => void
  readonly fast: TestGateway
  /** Requests of the gateway with the fast path to Callbell: method, path and body. */
  readonly requests: readonly string[]
}

export async function openPaths(options: TestGatewayOptions = {}): Promise<Paths> {
  const [fastUpstream, generalUpstream] = await Promise.all([startUpstream(), startUpstream()])
  const common = { timeoutMs: 2000, maxRps: 0, ...options }
  const fast = await createTestGateway({ ...common, url: fastUpstream.url })
  const general = await createTestGateway({ ...common, url: generalUpstream.url, hasFastPath: false })
  return {
    fast,
    requests: fastUpstream.requests,
    async expectSame(sent) {
      let last: readonly RawAnswer[] = []
      for (let run = 1; run <= 3; run += 1) {
        const [one, other] = await Promise.all([
          sendRaw(fast.url, write(sent)),
          sendRaw(general.url, write(sent)),
        ])
        expect(one.map(withoutDate)).toEqual(other.map(withoutDate))
        expect(linesOf(fast)).toBe(linesOf(general))
        last = one
      }
      return last
    },
    async expectSameAtEachRun(body, count = runs) {
      const [first, firstOther] = [
        await runOnce(fast, fastUpstream, body),
        await runOnce(general, generalUpstream, body),
      ]
      expect(first).toEqual(firstOther)
      await Promise.all([repeat(fast, body, count - 2), repeat(general, body, count - 2)])
      expect(await runOnce(fast, fastUpstream, body)).toEqual(first)
      expect(await runOnce(general, generalUpstream, body)).toEqual(first)
      return first.answer
    },
    async expectSameTraces() {
      expect(fastUpstream.requests).toEqual(generalUpstream.requests)
      const counters = await countersOf(fast)
      expect(counters).toEqual(await countersOf(general))
      expect(counters.length).toBeGreaterThan(10)
    },
    forgetLogs() {
      fast.forgetLog()
      general.forgetLog()
    },
  }
}

/** Removes what differs between runs, and the stack of a bug. */
function linesOf({ log }: TestGateway): string {
  return JSON.stringify(
    log.map(({ time: _time, durationMs: _duration, err, ...line }) => ({
      ...line,
      isBug: err !== undefined,
    })),
    (key, value) => (/^(?:queueMs|upstreamMs)$/.test(key) ? 0 : value),
  )
}

async function countersOf({ url }: TestGateway): Promise<string[]> {
  const response = await fetch(new URL('/metrics', url), { headers: { 'x-api-key': 'm' } })
  const lines = (await response.text()).split('\n')
  return lines.filter((line) => /^callbell_graphql_\w+_(?:total|count)\b/.test(line))
}

function withoutDate({ status, headers, body }: RawAnswer): object {
  const { date: _date, ...rest } = headers
  return { status, headers: rest, body }
}

function write({ method = 'POST', path = '/graphql', headers = {}, body }: SentRequest): Buffer {
  const all = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': 'r1',
    connection: 'close',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    Buffer.from(body),
  ])
}

interface OneRun {
  readonly answer: RawAnswer
  readonly upstream: readonly string[]
  readonly log: string
}

/** One run, with all its effects. */
async function runOnce(gateway: TestGateway, upstream: Upstream, body: string): Promise<OneRun> {
  gateway.forgetLog()
  const before = upstream.requests.length
  const [answer] = await sendRaw(gateway.url, write({ body }))
  if (answer === undefined) throw new Error('there is no answer')
  const { date: _date, ...headers } = answer.headers
  return {
    answer: { ...answer, headers },
    upstream: upstream.requests.slice(before).toSorted(),
    log: linesOf(gateway),
  }
}

/** Runs whose responses are discarded, on connections that are kept open. */
async function repeat({ url }: TestGateway, body: string, count: number): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-request-id': 'r1' }
  for (let run = 0; run < count; run += 1) {
    const response = await send(url, { method: 'POST', headers, body })
    await response.body.dump()
  }
}

/** The body of a request. */
export function bodyOf(query: string, variables?: unknown, rest: object = {}): string {
  return JSON.stringify({ query, variables, ...rest })
}
