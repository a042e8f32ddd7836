/**
 * The honest caller, a process of its own: creates and reads contacts at a fixed rate, whatever became of
 * those before, and checks each answer. It prints `ready` when it has warmed up and, on SIGTERM,
 * its results as JSON.
 *
 *   node honest.ts <url> [tag edits | keys]
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { isObject } from '../../../src/domain/json.ts'
import type { Sample } from './samples.ts'
import { noAnswer, now } from './samples.ts'
import { apiKeys, contactName, sharedContact } from './scene.ts'

const perSecond = 20
const warmUps = 60
/** Milliseconds until a request that is not answered is given up. */
const patienceMs = 15_000
/** The limit of requests in flight. */
const mostPending = 1000
/** Milliseconds after which it ends by itself. */
const longestLifeMs = 600_000

const [, , url = '', work] = process.argv
const kept = new Agent({ connections: 16, headersTimeout: patienceMs, bodyTimeout: patienceMs })

interface Call {
  readonly query: string
  readonly variables: object
  /** What `data` must be, but for the uuid of what was created. */
  readonly isRight: (data: unknown) => boolean
  /** Whether it opens a connection of its own. */
  readonly isFresh?: boolean
}

const createDocument =
  'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { uuid name } } }'
const readDocument = 'query ($uuid: ID!) { contact(uuid: $uuid) { uuid name } }'
const editDocument =
  'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { uuid } } }'

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

function createCall(number: number): Call {
  const name = `Honest ${number}`
  const key = work === 'keys' ? { idempotencyKey: `honest ${process.pid} ${number}` } : {}
  return {
    query: createDocument,
    variables: { input: { identifier: `+39 ${3_000_000_000 + number}`, source: 'WHATSAPP', name, ...key } },
    isRight(data) {
      const created = isObject(data) ? data['createContact'] : undefined
      const contact = isObject(created) ? created['contact'] : undefined
      return isObject(contact) && typeof contact['uuid'] === 'string' && contact['name'] === name
    },
  }
}

function readCall(number: number): Call {
  const uuid = `h${number}`
  return {
    query: readDocument,
    variables: { uuid },
    isRight: (data) => isSame(data, { contact: { uuid, name: contactName(uuid) } }),
    isFresh: number % 4 === 3,
  }
}

function editCall(number: number): Call {
  return {
    query: editDocument,
    variables: { input: { uuid: sharedContact, addTags: [`honest ${number % 8}`] } },
    isRight: (data) => isSame(data, { updateContact: { contact: { uuid: sharedContact } } }),
  }
}

function callOf(number: number): Call {
  // Once a second: an edit takes three consecutive calls.
  if (work === 'tag edits' && number % perSecond === 0) return editCall(number)
  return number % 2 === 0 ? createCall(number) : readCall(number)
}

/** @returns what was wrong with its answer, if anything */
async function send({ query, variables, isRight, isFresh }: Call): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      dispatcher: kept,
      reset: isFresh === true,
      headers: { 'content-type': 'application/json', 'x-api-key': apiKeys.honest },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(patienceMs),
    })
    const text = await body.text()
    const answer: unknown = JSON.parse(text)
    if (isObject(answer) && answer['errors'] === undefined && isRight(answer['data'])) return undefined
    return `${statusCode} ${/"code":"(\w+)"/.exec(text)?.[1] ?? 'another answer'}`
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') return noAnswer
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

const pending = new Map<number, Sample>()
const samples: Sample[] = []
const ending = new AbortController()
process.once('SIGTERM', () => ending.abort())
setTimeout(() => ending.abort(), longestLifeMs).unref()

async function begin(number: number, dueAt: number): Promise<void> {
  const sample = { dueAt, lateMs: now() - dueAt }
  pending.set(number, { ...sample, latencyMs: Number.NaN, wrong: noAnswer })
  const wrong = await send(callOf(number))
  pending.delete(number)
  samples.push({ ...sample, latencyMs: now() - dueAt, wrong })
}

for (let number = 0; number < warmUps; number += 1) await send(callOf(2 * perSecond + number))
process.stdout.write('ready\n')
const start = now()
for (let number = 0; !ending.signal.aborted; number += 1) {
  const dueAt = start + (number * 1000) / perSecond
  const leftMs = dueAt - now()
  if (leftMs > 0) await delay(leftMs, undefined, { signal: ending.signal }).catch(() => undefined)
  if (ending.signal.aborted) break
  if (pending.size < mostPending) void begin(number, dueAt)
  else samples.push({ dueAt, lateMs: 0, latencyMs: Number.NaN, wrong: 'not sent' })
}
const end = now()
const unanswered = [...pending.values()].map((sample) => ({ ...sample, latencyMs: end - sample.dueAt }))
// A write to a pipe takes its time: what is not written when the process ends is lost.
process.stdout.write(JSON.stringify([...samples, ...unanswered]), () => process.exit(0))
