/**
 * `npm run bench:clocks`: two gateways on one Redis whose wall clocks are wrong by a minute, and are set
 * while creates with keys are in flight. It uses libfaketime if it is installed. Repeats go to both gateways
 * until the answer is final. It exits with 1 unless each key created one contact, and each caller got its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { clockMeans, openClock } from './soak/clock.ts'
import type { Replica } from './soak/processes.ts'
import { openReplica } from './soak/processes.ts'
import { openRedis } from './soak/redis.ts'
import { judge } from './soak/verdict.ts'

/** Creates of a scenario, all at once. */
const keys = 20
const timeoutMs = 5000
/** Longer than any create of a scenario is late. */
const resendAfterMs = 10_000
/** For all repeats of a key. */
const patienceMs = 60_000
/** By how much the clock that a log shows may differ from the one that was set: lines wait, and machines are busy. */
const toleranceMs = 5000

/** For what a process does a little later. */
const graceMs = 500

interface Scenario {
  readonly name: string
  /** What becomes of the first attempt of each key. */
  readonly fault: Fault
  /** Whether repeats are sent while the first calls are in flight, or after they have been answered. */
  readonly repeats: 'meanwhile' | 'afterwards'
  /** Seconds by which the clock of the first gateway is set while its creates are in flight. */
  readonly jump?: number
}

const scenarios: readonly Scenario[] = [
  { name: 'slow, repeated meanwhile', fault: { delayMs: 1500 }, repeats: 'meanwhile' },
  ...[60, -60, 3600].flatMap((jump): Scenario[] => [
    { name: 'slow, clock set, repeated meanwhile', fault: { delayMs: 1500 }, repeats: 'meanwhile', jump },
    {
      name: 'answered 504, clock set, applied after 8 s',
      fault: { status: 504, delayMs: 500, workAfterMs: 8000 },
      repeats: 'afterwards',
      jump,
    },
    {
      name: 'not answered, clock set, applied after 8 s',
      fault: { drop: true, delayMs: timeoutMs + 1000, workAfterMs: 2000 },
      repeats: 'afterwards',
      jump,
    },
    {
      name: 'cut, clock set, never applied',
      fault: { drop: true, delayMs: 500 },
      repeats: 'afterwards',
      jump,
    },
  ]),
]

const query = `mutation ($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid } userErrors { message } }
}`

interface Answer {
  readonly uuid?: string
  /** Whether the call is to be repeated, and after how many milliseconds. */
  readonly retryAfterMs?: number
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'clocks-'))
const sandbox = await startSandbox({ token: 'clocks', phoneForm: 'digits' })
const redis = await openRedis(folder)
/** What the log of each gateway showed last, less the true time, in milliseconds. */
const shown = new Map<string, number>()
let named = 0

function open(name: string, aheadSeconds: number): Replica {
  const variables = {
    CALLBELL_API_TOKEN: sandbox.token,
    CALLBELL_API_URL: sandbox.url,
    CALLBELL_TIMEOUT_MS: String(timeoutMs),
    CALLBELL_RESEND_AFTER_MS: String(resendAfterMs),
    STORE_URL: redis.url,
    GATEWAY_CALLER_STORE_MB: '0',
    LOG_LEVEL: 'info',
  }
  return openReplica(name, openClock(folder, name, aheadSeconds), variables, (line) => {
    const { time }: { time?: string } = JSON.parse(line)
    if (time !== undefined) shown.set(name, Date.parse(time) - Date.now())
  })
}

async function ask({ url }: Replica, number: number): Promise<Answer> {
  const input = {
    identifier: `+39 333 ${String(1_000_000 + number)}`,
    source: 'WHATSAPP',
    name: `Clock ${number}`,
    idempotencyKey: `clock ${number}`,
  }
  const response = await fetch(url ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = await response.json()
  const uuid = data?.createContact?.contact?.uuid
  if (typeof uuid === 'string') return { uuid }
  const { retryable, retryAfterMs = 1000 } = errors?.[0]?.extensions ?? {}
  return retryable === true ? { retryAfterMs } : {}
}

/** Repeats a create until its answer is final, or its time is over. */
async function settle(replica: Replica, number: number): Promise<Answer> {
  const until = performance.now() + patienceMs
  let answer = await ask(replica, number)
  while (answer.retryAfterMs !== undefined && performance.now() < until) {
    await delay(answer.retryAfterMs)
    answer = await ask(replica, number)
  }
  return answer
}

function posts(): number {
  return sandbox.requests.filter(({ method }) => method === 'POST').length
}

/** @returns whether the gateway's log shows the clock that was set */
function hasClock({ name, clock }: Replica): boolean {
  return Math.abs((shown.get(name) ?? Number.NaN) - clock.aheadSeconds() * 1000) < toleranceMs
}

/** @returns what is wrong, if anything is */
async function run([one, two]: readonly [Replica, Replica], scenario: Scenario): Promise<string[]> {
  const { fault, repeats, jump = 0 } = scenario
  const first = named
  named += keys
  const numbers = Array.from({ length: keys }, (_, index) => first + index)
  const before = posts()
  sandbox.failNext(...numbers.map(() => ({ ...fault, on: 'POST' as const })))
  const firsts = Promise.all(numbers.map((number) => ask(one, number)))
  // On a busy machine some get no permit in time: their repeats send them, and meet the fault.
  const until = performance.now() + timeoutMs
  while (posts() < before + keys && performance.now() < until) await delay(10)
  const wasAhead = one.clock.aheadSeconds()
  one.clock.set(wasAhead + jump)
  if (repeats === 'afterwards') await firsts
  // Both at once, so that each meets the calls that the other has in flight.
  const answers = await Promise.all(
    numbers.map((number) => Promise.all([settle(one, number), settle(two, number)])),
  )
  await firsts
  // What is late has been applied by then, and the log has been written.
  await delay((fault.delayMs ?? 0) + (fault.workAfterMs ?? 0) + graceMs)
  const wrong = [one, two].flatMap((replica) =>
    hasClock(replica) ? [] : [`the log of ${replica.name} does not show the clock that was set`],
  )
  one.clock.set(wasAhead)
  const made = sandbox.contacts.all().flatMap(({ name, uuid }) => {
    const [, number] = /^Clock (\d+)$/.exec(name ?? '') ?? []
    return number !== undefined && Number(number) >= first ? [[Number(number) - first, uuid] as const] : []
  })
  const ofEach = (which: 0 | 1) =>
    answers.map((both) => {
      const { uuid } = both[which]
      return uuid === undefined
        ? ({ reported: 'GAVE_UP', isKeyed: true } as const)
        : ({ reported: 'CREATED', uuid, isKeyed: true } as const)
    })
  for (const [which, replica] of [one, two].entries()) {
    const { lost, doubled, wrongUuid, anothers, unsettled } = judge(ofEach(which === 0 ? 0 : 1), made)
    const found = { lost, doubled, wrongUuid, anothers, unsettled }
    for (const [kind, list] of Object.entries(found)) {
      if (list.length > 0) wrong.push(`${kind} at ${replica.name}: ${list.length} of ${keys}`)
    }
  }
  return wrong
}

async function clean(): Promise<void> {
  await Promise.all(replicas.map((replica) => replica.end('SIGKILL')))
  await redis.close()
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
}

say(`clocks are set by ${clockMeans}`)
const replicas: Replica[] = []
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void clean().finally(() => process.exit(130)))
let failures = 0
try {
  for (const [a, b] of [
    [0, 60],
    [0, -60],
    [60, -60],
  ] as const) {
    const pair = [open('a', a), open('b', b)] as const
    replicas.splice(0, 2, ...pair)
    await Promise.all(pair.map((replica) => replica.start()))
    for (const scenario of scenarios) {
      // Lookups are calibrated by this, and Callbell's time is read after the clock was set: its `Date` has
      // whole seconds, and of each a gateway reads the first one.
      await delay(1100)
      for (const replica of pair) {
        await settle(replica, named)
        named += 1
      }
      const wrong = await run(pair, scenario)
      if (wrong.length > 0) failures += 1
      const jump = scenario.jump === undefined ? '' : ` (${scenario.jump} s)`
      say(`${a} s / ${b} s  ${scenario.name}${jump}: ${wrong.join('; ') || `${keys} keys, ${keys} contacts`}`)
    }
    await Promise.all(pair.map((replica) => replica.end('SIGTERM')))
  }
  process.exitCode = failures === 0 ? 0 : 1
} finally {
  await clean()
}
