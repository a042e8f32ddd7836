/**
 * The sandbox in its own thread. It fails at random, and records the result of each create. It deletes old
 * contacts, because an hour of them would not fit into memory.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { createRandom } from '../../../src/sandbox/random.ts'
import type { Fault, RecordedRequest } from '../../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'

export interface UpstreamOptions {
  readonly token: string
  readonly maxRps: number
  /** The percentages of creates and of lookups that fail. */
  readonly faults: number
  readonly seed: number
}

export type UpstreamOrder =
  /** Whether single requests fail. At first they do not. */
  | { readonly faults: boolean }
  /** From now on each is answered 429, with this `Retry-After`, null being none; or, undefined, none is. */
  | { readonly tooMany: string | null | undefined }
  | { readonly report: 'counts' | 'all' }

export interface UpstreamReport {
  /** Of all creates that were accepted, in order: the number in their names, and their uuid. */
  readonly made: readonly (readonly [number: number, uuid: string])[]
  readonly requests: number
  /** Requests beyond the limit of its own. */
  readonly rejections: number
  /** How many faults there were, by what they were. */
  readonly faults: ReadonlyMap<string, number>
}

/** What goes wrong with a request, by its name in the report; a function is called for each anew. */
type Faults = Readonly<Record<string, Fault | (() => Fault)>>

/** No lookup needs an older contact: its caller has given up. */
const keptForMs = 300_000
const forgetEveryMs = 10_000

/** Longer than any deadline of a gateway. */
const neverMs = 15_000
/** When a create is carried out that a proxy, or Callbell, has given up on: from here … */
const soonestMs = 1000
/** … to here. `CALLBELL_RESEND_AFTER_MS` of the gateways is longer. */
const latestMs = 7000

/** Answers that prove nothing, whatever became of the create. */
const ambiguous = {
  '500': { status: 500 },
  '502': { status: 502 },
  '503': { status: 503 },
  '503 with Retry-After': { status: 503, headers: { 'retry-after': '1' } },
  '504': { status: 504 },
  '408': { status: 408 },
  'a cut': { drop: true },
  '200 {"success":false}': { status: 200, body: { success: false } },
  '200 with a web page': { status: 200, body: '<html>Maintenance</html>' },
} as const satisfies Faults

const options: UpstreamOptions = workerData
const dice = createRandom(options.seed)

const createFaults: Faults = {
  ...ambiguous,
  ...named(ambiguous, 'applied before', () => ({ afterWork: true })),
  ...named(ambiguous, 'applied 1 to 7 s later', () => ({
    workAfterMs: soonestMs + dice.integer(latestMs - soonestMs),
  })),
  'the answer of another create': () => ({ status: 201, body: { contact: latest() } }),
  'the answer of another create, applied before': () => ({
    status: 201,
    body: { contact: latest() },
    afterWork: true,
  }),
  '201 with no contact': { status: 201, body: 'created', afterWork: true },
  'a second late': { delayMs: 1000 },
  'later than any deadline': { delayMs: neverMs },
}

const lookupFaults: Faults = {
  'lookup: 500': { status: 500 },
  'lookup: cut': { drop: true },
  'lookup: a second late': { delayMs: 1000 },
  'lookup: 404 with a web page': { status: 404, body: '<html>Not found</html>' },
  'lookup: 404 with nothing': { status: 404, body: '' },
}

const faults = new Map<string, number>()
let fails = false
let tooMany: string | null | undefined
let requests = 0

/** Each fault with more to it, under a name that says so. */
function named(base: Readonly<Record<string, Fault>>, what: string, more: () => Partial<Fault>): Faults {
  const entries = Object.entries(base)
  return Object.fromEntries(
    entries.map(([name, fault]) => [`${name}, ${what}`, () => ({ ...fault, ...more() })]),
  )
}

/** The contact that was created last: what a proxy that mixes up answers gives to another caller. */
function latest(): unknown {
  return sandbox.contacts.all().at(-1)
}

function pick(from: Faults): Fault | undefined {
  const [name, fault] = Object.entries(from)[dice.integer(Object.keys(from).length)] ?? []
  if (name !== undefined) count(name)
  return typeof fault === 'function' ? fault() : fault
}

function count(name: string): void {
  faults.set(name, (faults.get(name) ?? 0) + 1)
}

function faultOf({ method }: RecordedRequest): Fault | undefined {
  requests += 1
  if (tooMany !== undefined) {
    count('429 for everyone')
    return { status: 429, headers: tooMany === null ? {} : { 'retry-after': tooMany } }
  }
  if (!fails || !dice.chance(options.faults)) return undefined
  return pick(method === 'POST' ? createFaults : lookupFaults)
}

// Numbers are kept as digits, and found by nothing else; callers write them with a plus and spaces.
const sandbox = await startSandbox({
  token: options.token,
  maxRps: options.maxRps,
  phoneForm: 'digits',
  faultOf,
})
const [first] = sandbox.contacts.all()
if (first) sandbox.contacts.remove(first.uuid)
const made: [number, string][] = []

function note(olderThanMs: number): void {
  const before = Date.now() - olderThanMs
  for (const { contact } of sandbox.contacts.entries()) {
    if (Date.parse(contact.createdAt) > before) break
    made.push([Number(contact.name?.replaceAll(/\D/g, '')), contact.uuid])
    sandbox.contacts.remove(contact.uuid)
  }
}

setInterval(() => note(keptForMs), forgetEveryMs)
parentPort?.on('message', (order: UpstreamOrder) => {
  if ('faults' in order) fails = order.faults
  else if ('tooMany' in order) tooMany = order.tooMany
  else {
    if (order.report === 'all') note(Number.NEGATIVE_INFINITY)
    const report: UpstreamReport = {
      made: order.report === 'all' ? made : [],
      requests,
      rejections: sandbox.rejections(),
      faults,
    }
    parentPort?.postMessage(report)
  }
})
parentPort?.postMessage(sandbox.url)
