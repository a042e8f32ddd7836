/** Callers who do what the documentation says: a number a second, whatever the outcome of those before. */
import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Replica } from './processes.ts'
import type { Outcome } from './verdict.ts'

export interface Callers {
  /** One more create begins. */
  begin(): void
  /** Creates that have begun, and those that have not ended. */
  counts(): { readonly begun: number; readonly pending: number; readonly created: number }
  /** How often which code was answered, how often nothing was, and the rest. */
  readonly answers: Map<string, number>
  /** Redis has just lost its records. What was ambiguous until now is marked: see `Outcome.isForgotten`. */
  forget(): void
  /** Milliseconds until `CREATED` was answered, of creates that began while `isCalm` said so. */
  readonly latencies: number[]
  /** Of each create by its number; those that have not ended gave up. */
  outcomes(): Outcome[]
  /** The latest answer to a create that was not reported as created; undefined: there was none. */
  latestAnswer(number: number): string | undefined
  close(): Promise<void>
}

/** Of five creates one has no key. */
const keyless = 5
/** A caller without a final answer for this long gives up. */
const patienceMs = 120_000
/** Where nothing says how long to wait: twice as long each time. */
const firstPauseMs = 500
const longestPauseMs = 16_000

const query = `mutation ($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid } userErrors { message } }
}`

type Answer =
  | { readonly is: 'CREATED'; readonly uuid: string }
  | {
      readonly is: 'FAILED'
      readonly outcome: Outcome['reported']
      /** Whether this call may have created it: one that the store refused has sent nothing. */
      readonly isAmbiguous: boolean
      readonly retryable: boolean
      readonly retryAfterMs: number | undefined
    }
  /** No answer, and it is unknown how far the request came; or it was not sent. */
  | { readonly is: 'BROKEN' | 'UNSENT' }

export function createCallers(replicas: readonly Replica[], isCalm: () => boolean): Callers {
  const dispatcher = new Agent({ connections: 1500, headersTimeout: 60_000, bodyTimeout: 60_000 })
  /** Nobody waits any more when it is over. */
  const over = new AbortController()
  setMaxListeners(0, over.signal)
  const outcomes: Outcome[] = []
  /** Creates that have had an ambiguous answer, and no final one. */
  const ambiguous = new Set<number>()
  const forgotten = new Set<number>()
  const answers = new Map<string, number>()
  const latencies: number[] = []
  /** The latest answer to each create that is not settled. */
  const latest = new Map<number, string>()
  let pending = 0
  let created = 0

  function count(number: number, answer: string): void {
    latest.set(number, answer)
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  }

  async function ask(number: number, hasKey: boolean, url: string | undefined): Promise<Answer> {
    if (url === undefined) return { is: 'UNSENT' }
    const input = {
      identifier: phoneNumber(number),
      source: 'WHATSAPP',
      name: `Soak ${number}`,
      ...(hasKey && { idempotencyKey: `soak ${number}` }),
    }
    try {
      const { body } = await request(url, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables: { input } }),
      })
      const { data, errors } = JSON.parse(await body.text())
      const uuid = data?.createContact?.contact?.uuid
      if (typeof uuid === 'string') return { is: 'CREATED', uuid }
      const { code, outcome, retryable, retryAfterMs } = errors?.[0]?.extensions ?? {
        code: 'userErrors',
        outcome: 'NOT_APPLIED',
      }
      count(number, `${code} ${outcome}`)
      return {
        is: 'FAILED',
        outcome,
        isAmbiguous: outcome === 'UNKNOWN' && code !== 'STORE_UNAVAILABLE',
        retryable: retryable === true,
        retryAfterMs,
      }
    } catch (error) {
      const isUnsent = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
      count(number, isUnsent ? 'no connection' : 'broken connection')
      return { is: isUnsent ? 'UNSENT' : 'BROKEN' }
    }
  }

  async function pause(leastMs: number): Promise<void> {
    // Those who failed together do not come back together.
    const ms = leastMs * (1 + Math.random() / 2)
    await delay(ms, undefined, { signal: over.signal }).catch(() => undefined)
  }

  /** Asks one replica after the other until the answer is final. */
  async function create(number: number): Promise<Pick<Outcome, 'reported' | 'uuid'>> {
    const hasKey = isKeyed(number)
    const giveUpAt = performance.now() + patienceMs
    for (let tries = 0; performance.now() < giveUpAt && !over.signal.aborted; tries += 1) {
      const answer = await ask(number, hasKey, replicas[(number + tries) % replicas.length]?.url)
      if (answer.is === 'CREATED') return { reported: 'CREATED', uuid: answer.uuid }
      if (answer.is === 'BROKEN' || (answer.is === 'FAILED' && answer.isAmbiguous)) ambiguous.add(number)
      if (answer.is === 'FAILED') {
        // Without a key, what may have been created is not for a program to repeat.
        if (!answer.retryable || (!hasKey && answer.outcome !== 'NOT_APPLIED'))
          return { reported: answer.outcome }
        await pause(answer.retryAfterMs ?? Math.min(firstPauseMs * 2 ** tries, longestPauseMs))
      } else if (answer.is === 'BROKEN') {
        if (!hasKey) return { reported: 'UNKNOWN' }
        await pause(Math.min(firstPauseMs * 2 ** tries, longestPauseMs))
      }
      // Where a replica takes no connection, the next one is asked at once.
      else await pause(10)
    }
    return { reported: 'GAVE_UP' }
  }

  async function follow(number: number): Promise<void> {
    const wasCalm = isCalm()
    const start = performance.now()
    pending += 1
    const outcome = await create(number)
    pending -= 1
    ambiguous.delete(number)
    outcomes[number] = { ...outcome, isKeyed: isKeyed(number) }
    if (outcome.reported !== 'CREATED') return
    latest.delete(number)
    created += 1
    if (wasCalm && isCalm()) latencies.push(performance.now() - start)
  }

  return {
    begin() {
      outcomes.push({ reported: 'GAVE_UP', isKeyed: isKeyed(outcomes.length) })
      void follow(outcomes.length - 1)
    },
    counts: () => ({ begun: outcomes.length, pending, created }),
    answers,
    forget() {
      for (const number of ambiguous) forgotten.add(number)
    },
    latencies,
    outcomes: () => outcomes.map((outcome, number) => ({ ...outcome, isForgotten: forgotten.has(number) })),
    latestAnswer: (number) => latest.get(number),
    async close() {
      over.abort()
      await dispatcher.destroy()
    },
  }
}

function isKeyed(number: number): boolean {
  return number % keyless !== 0
}

/** As people write it. The upstream keeps its digits. */
function phoneNumber(number: number): string {
  const [, prefix, middle, rest] = /^(...)(...)(....)$/.exec(String(3_330_000_000 + number)) ?? []
  return `+39 ${prefix} ${middle} ${rest}`
}
