/**
 * A simulated Callbell on a loopback port. It enforces the documented rules, and the strictest reading of
 * everything else. It records every request, and fails on demand: by `failNext`, by `faultOf`, or by a magic
 * identifier.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { listen } from '../listen.ts'
import type { ContactRepository } from './contact-repository.ts'
import { createContactRepository } from './contact-repository.ts'
import type { Fault, RecordedRequest } from './fault.ts'
import { createMagicFaults } from './magic-identifiers.ts'
import type { Reply } from './reply.ts'
import { createRouter } from './router.ts'
import { createSeed } from './seed.ts'

export type { Fault, RecordedRequest }

export interface Sandbox {
  /** The base URL, for `CALLBELL_API_URL`. */
  readonly url: string
  readonly token: string
  /** The newest 10,000 requests, oldest first. */
  readonly requests: readonly RecordedRequest[]
  readonly contacts: ContactRepository
  /** @returns the number of requests that exceeded the rate limit and were answered 429 */
  rejections(): number
  /** Applies these faults to the next requests, one each. */
  failNext(...faults: readonly Fault[]): void
  close(): Promise<void>
}

export interface SandboxOptions {
  readonly token: string
  /** The limit of requests within any second. Default: the documented 300. */
  readonly maxRps?: number
  /** A contact in replies: an object as on the live API (the default), or a list of one as in the documentation. */
  readonly contactShape?: 'object' | 'array'
  /**
   * How phone numbers are stored and looked up: unchanged, and by their digits (the default); or as digits,
   * and only by exactly these.
   */
  readonly phoneForm?: 'as-given' | 'digits'
  /** The number of seeded contacts, in addition to the first one. Default: 0. */
  readonly seed?: number
  /** @returns the fault of a request for which `failNext` has none; undefined: that of its magic identifier */
  readonly faultOf?: (request: RecordedRequest) => Fault | undefined
}

const maxRecorded = 10_000

/** A placeholder for a reply that is not sent. */
const notSent: Reply = { status: 500, body: null }

export async function startSandbox({
  token,
  maxRps = 300,
  contactShape = 'object',
  seed = 0,
  phoneForm = 'as-given',
  faultOf,
}: SandboxOptions): Promise<Sandbox> {
  const contacts = createContactRepository(createSeed(seed), phoneForm)
  const route = createRouter({
    contacts,
    show: (contact) => ({ contact: contactShape === 'array' ? [contact] : contact }),
  })
  const requests: RecordedRequest[] = []
  const faults: Fault[] = []
  const magicFaultOf = createMagicFaults()
  const isWithinRate = createRateCheck(maxRps)
  /** Ends the delays of faults: they would keep the process running. */
  const closing = new AbortController()
  let rejections = 0

  function reply({ method, path, headers, body }: RecordedRequest): Reply {
    if (headers.authorization !== `Bearer ${token}`) return { status: 401, body: { error: 'not authorized' } }
    if (isWithinRate()) return route(method, path, body)
    rejections += 1
    return { status: 429, body: { error: 'too many requests' } }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const recorded = await record(request)
    requests.push(recorded)
    if (requests.length > maxRecorded) requests.shift()
    const next = faults.findIndex(({ on = recorded.method }) => on === recorded.method)
    const [fault] = next < 0 ? [faultOf?.(recorded) ?? magicFaultOf(recorded)] : faults.splice(next, 1)
    const isReplaced = fault?.status !== undefined || fault?.drop === true
    // A delayed request is carried out. If the reply is replaced or dropped, it is only with `afterWork`.
    const normal = isReplaced && !fault.afterWork ? notSent : reply(recorded)
    if (fault?.delayMs !== undefined) await wait(fault.delayMs)
    if (fault?.drop) {
      request.socket.destroy()
      await applyLate(fault, recorded)
      return
    }
    // With a 429 the request was not carried out, so the fault does not apply: a 201 would be wrong.
    const isTooMany = fault?.afterWork === true && normal.status === 429
    const { status, body, headers }: Reply & Pick<Fault, 'headers'> =
      fault?.status === undefined || isTooMany
        ? normal
        : { body: bodyOf(fault.status), ...fault, status: fault.status }
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
    if (fault) await applyLate(fault, recorded)
  }

  async function wait(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: closing.signal })
  }

  async function applyLate({ workAfterMs }: Fault, recorded: RecordedRequest): Promise<void> {
    if (workAfterMs === undefined) return
    await wait(workAfterMs)
    reply(recorded)
  }

  const server = createServer((request, response) => {
    // The client has disconnected during the request, or the sandbox is closed.
    handle(request, response).catch(() => request.socket.destroy())
  })
  const { port } = await listen(server, 0, '127.0.0.1')

  return {
    url: `http://127.0.0.1:${port}/v1`,
    token,
    requests,
    contacts,
    rejections: () => rejections,
    failNext: (...next) => void faults.push(...next),
    async close() {
      closing.abort()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** @returns a function that counts a request, and returns whether it is within the limit of any one second */
function createRateCheck(maxRps: number): () => boolean {
  const times: number[] = []
  return () => {
    const now = performance.now()
    while (times[0] !== undefined && times[0] <= now - 1000) times.shift()
    if (times.length >= maxRps) return false
    times.push(now)
    return true
  }
}

function bodyOf(status: number): unknown {
  return status >= 400 ? { error: `status ${status}` } : undefined
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  const { method = '', url: path = '', headers } = request
  return { method, path, headers, body: await json(request).catch(() => undefined) }
}
