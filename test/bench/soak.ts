/**
 * `npm run soak -- --minutes 10`: creates contacts at a constant rate through three gateways on one Redis,
 * whose clocks disagree. Meanwhile the upstream fails at random, and gateways and Redis are killed, restarted
 * and replaced. In the end it compares the answers to callers with the contacts of the upstream. It exits with
 * 1 if a contact was lost, doubled, wrong, another caller's or denied.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createRandom } from '../../src/sandbox/random.ts'
import { createCallers } from './soak/callers.ts'
import { clockMeans, openClock } from './soak/clock.ts'
import { disturb } from './soak/disturbances.ts'
import { orEnd } from './or-end.ts'
import { readOptions } from './soak/options.ts'
import type { Replica } from './soak/processes.ts'
import { openReplica } from './soak/processes.ts'
import { createRecord } from './soak/record.ts'
import { openRedis } from './soak/redis.ts'
import type { UpstreamOptions, UpstreamOrder, UpstreamReport } from './soak/upstream.ts'
import { judge } from './soak/verdict.ts'

/** At first nothing breaks: the report says how long calls take then. */
const longestCalmMs = 30_000
/** Until processes have warmed up. */
const warmUpMs = 5000
/** For callers that still repeat when the load is over: longer than they do. */
const settleMs = 180_000
const progressEveryMs = 10_000
/** Seconds of load. More would show how a machine drowns in repeats, and nothing of the gateway. */
const mostPending = 45
/** Longer than any create is late: after it nothing may be doubled. */
const resendAfterMs = 10_000
/** Until the upstream has carried out what it carries out late. */
const lateMs = 8000

const options = orEnd(readOptions)
const durationMs = options.minutes * 60_000
const calmMs = Math.min(longestCalmMs, durationMs / 4)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())

const folder = mkdtempSync(join(tmpdir(), 'soak-'))
const workerData: UpstreamOptions = {
  token: 'soak',
  maxRps: options.limit,
  faults: options.faults,
  seed: options.seed,
}
const upstream = new Worker(new URL('soak/upstream.ts', import.meta.url), { workerData })
const order = (message: UpstreamOrder): void => upstream.postMessage(message)
async function ask(report: 'counts' | 'all'): Promise<UpstreamReport> {
  order({ report })
  const [answer] = await once(upstream, 'message')
  return answer
}
const [upstreamUrl] = await once(upstream, 'message')
const redis = await openRedis(folder)
const logged = new Map<string, number>()
const variables = {
  CALLBELL_API_TOKEN: 'soak',
  CALLBELL_API_URL: upstreamUrl,
  CALLBELL_MAX_RPS: String(options.limit),
  CALLBELL_RESEND_AFTER_MS: String(resendAfterMs),
  STORE_URL: redis.url,
  // All callers come from one address.
  GATEWAY_CALLER_RPS: String(options.limit),
  GATEWAY_CALLER_STORE_MB: '0',
}
function open(name: string, aheadSeconds: number): Replica {
  return openReplica(name, openClock(folder, name, aheadSeconds), variables, countError)
}
function countError(line: string): void {
  const { level, msg }: { level?: string; msg?: string } = JSON.parse(line)
  const isError = level === 'error' || level === 'fatal'
  if (isError && msg !== undefined) logged.set(msg, (logged.get(msg) ?? 0) + 1)
}
const [steady, ...disturbed] = [open('a', 0), open('b', 45), open('c', -45)] as const
const replicas = [steady, ...disturbed]
/** Creates that did not begin, as too many were unanswered: the load was not held. */
let skipped = 0
/** When the processes have started; before that no time passes. */
let start = Number.POSITIVE_INFINITY
const elapsed = (): number => performance.now() - start
const callers = createCallers(replicas, () => elapsed() > warmUpMs && elapsed() < calmMs)
const record = createRecord(steady, replicas, elapsed)

/** Begins creates as they are due, whatever became of those before. */
async function load(): Promise<void> {
  for (let due = 0; elapsed() < durationMs && !interrupted.signal.aborted; due += 1) {
    while (due > (elapsed() / 1000) * options.rate) await delay(10)
    if (callers.counts().pending < mostPending * options.rate) callers.begin()
    else skipped += 1
  }
}

async function settle(): Promise<void> {
  const until = elapsed() + settleMs
  while (callers.counts().pending > 0 && elapsed() < until && !interrupted.signal.aborted) await delay(100)
}

async function showProgress(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(progressEveryMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    say(record.progress(callers, await ask('counts'), await record.memories()))
  }
}

async function soak(): Promise<number> {
  say(
    `${options.minutes} minutes, ${options.rate} creates a second, limit ${options.limit} a second, ${options.faults} % faults, --every ${options.every} --seed ${options.seed}`,
  )
  say(`clocks are set by ${clockMeans}`)
  await Promise.all(replicas.map((replica) => replica.start()))
  start = performance.now()
  const loaded = new AbortController()
  const settled = new AbortController()
  const watching = [record.watch(settled.signal), showProgress(settled.signal)]
  const disturbing = delay(calmMs, undefined, { signal: loaded.signal })
    .catch(() => undefined)
    .then(() => {
      order({ faults: true })
      const parts = { replicas: disturbed, redis, order, onLoss: () => callers.forget() }
      const dice = createRandom(options.seed)
      return disturb(parts, options.every * 1000, dice, loaded.signal, (name) =>
        say(record.disturbance(name)),
      )
    })
  try {
    await load()
    loaded.abort()
    await disturbing
    order({ faults: false })
    await settle()
  } finally {
    loaded.abort()
    settled.abort()
    await Promise.all([...watching, disturbing])
  }
  if (interrupted.signal.aborted) return 130
  await Promise.all([delay(lateMs), ...replicas.map((replica) => replica.end('SIGTERM'))])
  const report = await ask('all')
  const verdict = judge(callers.outcomes(), report.made)
  say(record.report(options, { ...callers, skipped }, report, verdict, logged))
  return verdict.isKept ? 0 : 1
}

try {
  process.exitCode = await soak()
} finally {
  await callers.close()
  await Promise.all(replicas.map((replica) => replica.end('SIGKILL')))
  await redis.close()
  await upstream.terminate()
  rmSync(folder, { recursive: true, force: true })
}
