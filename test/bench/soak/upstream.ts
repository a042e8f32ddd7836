/**
 * The sandbox as a thread of its own that fails at random, remembers what it made of each create,
 * and forgets the contacts themselves after a while: an hour of them would not fit.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Dice } from '../../../src/sandbox/seed/dice.ts'
import { createDice } from '../../../src/sandbox/seed/dice.ts'
import type { Fault, RecordedRequest } from '../../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'

export interface UpstreamOptions {
  readonly token: string
  readonly maxRps: number
  /** Of a hundred creates, and of a hundred lookups, so many fail. */
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

/** Nobody looks for a contact that is older: callers have given up by then. */
const keptForMs = 300_000
const forgetEveryMs = 10_000

const createFaults = {
  '500 before the work': { status: 500 },
  '500 after the work': { status: 500, afterWork: true },
  '502 before the work': { status: 502 },
  '502 after the work': { status: 502, afterWork: true },
  '503': { status: 503 },
  '503 with Retry-After': { status: 503, headers: { 'retry-after': '1' } },
  '504 before the work': { status: 504 },
  '504 after the work': { status: 504, afterWork: true },
  'cut before the work': { drop: true },
  'cut after the work': { drop: true, afterWork: true },
  'cut, and the work done half a second later': { drop: true, workAfterMs: 500 },
  '201 with no contact': { status: 201, body: 'created', afterWork: true },
  'a second late': { delayMs: 1000 },
  'later than any deadline': { delayMs: 15_000 },
} as const satisfies Record<string, Fault>

const lookupFaults = {
  'lookup: 500': { status: 500 },
  'lookup: cut': { drop: true },
  'lookup: a second late': { delayMs: 1000 },
} as const satisfies Record<string, Fault>

const options: UpstreamOptions = workerData
const dice = createDice(options.seed)
const faults = new Map<string, number>()
let fails = false
let tooMany: string | null | undefined
let requests = 0

function pick(from: Readonly<Record<string, Fault>>, chance: Dice): Fault | undefined {
  const [name, fault] = Object.entries(from)[chance.roll(Object.keys(from).length)] ?? []
  if (name !== undefined) count(name)
  return fault
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
  if (!fails || !dice.happens(options.faults)) return undefined
  return pick(method === 'POST' ? createFaults : lookupFaults, dice)
}

const sandbox = await startSandbox({ token: options.token, maxRps: options.maxRps, faultOf })
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
