/**
 * A Callbell on a loopback port. It keeps to the documented rules and, where the documents are
 * silent, takes the reading that forgives least; it records every request, and fails on demand.
 */
import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { listen } from '../listen.ts'
import type { ContactRepository } from './contact-repository.ts'
import { createContactRepository } from './contact-repository.ts'
import { createRateCheck } from './pace-check.ts'
import type { Reply } from './reply.ts'
import type { Route } from './route.ts'
import { createRouter } from './router.ts'
import { createSeed } from './seed.ts'

/** A request as it arrived. */
export interface RecordedRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown
}

/** What goes wrong with one request, instead of or besides its normal course. */
export interface Fault {
  /** The method of the requests that it is for. Default: any. */
  readonly on?: Route['method']
  /** Whether the request's work is done before the fault: a contact may be stored. Default: false. */
  readonly afterWork?: boolean
  /** Milliseconds to wait before the answer. */
  readonly delayMs?: number
  /** An answer in place of the normal one. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A text is sent as it is, anything else as JSON. Default: of a status from 400 on, an error as Callbell has it. */
  readonly body?: unknown
  /** Cut the connection instead of answering. */
  readonly drop?: boolean
  /** With `drop` or `status`: do the work all the same, this many milliseconds after the cut or the answer. */
  readonly workAfterMs?: number
}

export interface Sandbox {
  /** The base URL, as in `CALLBELL_API_URL`. */
  readonly url: string
  readonly token: string
  /** The newest 10,000 requests, oldest first. */
  readonly requests: readonly RecordedRequest[]
  readonly contacts: ContactRepository
  /** How many requests were answered 429 because there were too many. */
  rejections(): number
  /** Lets the next requests, one each, meet these faults. */
  failNext(...faults: readonly Fault[]): void
  close(): Promise<void>
}

export interface SandboxOptions {
  readonly token: string
  /** Requests that may come within any second. The documented limit is 300. */
  readonly maxRps?: number
  /** How a contact is answered: as seen on the live API (the default), or in a list of one, as in the documents. */
  readonly contactShape?: 'object' | 'array'
  /**
   * How numbers are kept and looked up: as they came, and by their digits (the default); or as digits, and
   * only by the text that is kept.
   */
  readonly phoneForm?: 'as-given' | 'digits'
  /** How many contacts are there from the start, besides the first one. Default: none. */
  readonly seed?: number
  /** What goes wrong with a request for which `failNext` has nothing. Default: nothing does. */
  readonly faultOf?: (request: RecordedRequest) => Fault | undefined
}

const mostRecorded = 10_000

/** In place of a reply that nobody will see. */
const notDone: Reply = { status: 500, body: null }

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
  const isWithinRate = createRateCheck(maxRps)
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
    if (requests.length > mostRecorded) requests.shift()
    const next = faults.findIndex(({ on = recorded.method }) => on === recorded.method)
    const [fault] = next < 0 ? [faultOf?.(recorded)] : faults.splice(next, 1)
    const isReplaced = fault?.status !== undefined || fault?.drop === true
    // A request that is only delayed is worked on; one that is answered otherwise, or cut, if told so.
    const normal = isReplaced && !fault.afterWork ? notDone : reply(recorded)
    if (fault?.delayMs !== undefined) await delay(fault.delayMs)
    if (fault?.drop) {
      request.socket.destroy()
      await workLate(fault, recorded)
      return
    }
    // A fault after the work is none where the work was not taken on: a 201 would be a lie.
    const isTooMany = fault?.afterWork === true && normal.status === 429
    const { status, body, headers }: Reply & Pick<Fault, 'headers'> =
      fault?.status === undefined || isTooMany
        ? normal
        : { body: bodyOf(fault.status), ...fault, status: fault.status }
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
    if (fault) await workLate(fault, recorded)
  }

  async function workLate({ workAfterMs }: Fault, recorded: RecordedRequest): Promise<void> {
    if (workAfterMs === undefined) return
    await delay(workAfterMs)
    reply(recorded)
  }

  const server = createServer((request, response) => {
    // A client that goes away in the middle leaves nothing to answer.
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
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function bodyOf(status: number): unknown {
  return status >= 400 ? { error: `status ${status}` } : undefined
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  const { method = '', url: path = '', headers } = request
  return { method, path, headers, body: await json(request).catch(() => undefined) }
}
