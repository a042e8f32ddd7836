/**
 * `npm run soak -- --minutes 10`: so many creates a second against three gateways on one Redis,
 * while the upstream fails at random, and gateways and Redis are ended and started again. In the
 * end it compares what callers were told with what the upstream holds; exits with 1 where
 * anything was lost or doubled, or is not as it was told.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createDice } from '../../src/sandbox/seed/dice.ts'
import { createCallers } from './soak/callers.ts'
import { disturb } from './soak/disturbances.ts'
import { orEnd } from './or-end.ts'
import { readOptions } from './soak/options.ts'
import { openRedis, openReplica } from './soak/processes.ts'
import { createRecord } from './soak/record.ts'
import type { UpstreamOptions, UpstreamOrder, UpstreamReport } from './soak/upstream.ts'
import { judge } from './soak/verdict.ts'

/** At first nothing breaks: how long calls take then is told in the report. */
const longestCalmMs = 30_000
/** Until processes have warmed up. */
const warmUpMs = 5000
/** For those who still repeat when the load is over: longer than they do. */
const settleMs = 180_000
const progressEveryMs = 10_000
/** Ten seconds' worth. More would tell how a machine drowns in repetitions, and not of the gateway. */
const mostPending = 3000

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
const tell = (order: UpstreamOrder): void => upstream.postMessage(order)
async function ask(report: 'counts' | 'all'): Promise<UpstreamReport> {
  tell({ report })
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
  STORE_URL: redis.url,
  // All callers come from one address.
  GATEWAY_CALLER_RPS: String(options.limit),
  GATEWAY_CALLER_STORE_MB: '0',
}
const [steady, ...disturbed] = [
  openReplica('a', variables, logged),
  openReplica('b', variables, logged),
  openReplica('c', variables, logged),
] as const
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
    if (callers.counts().pending < mostPending) callers.begin()
    else skipped += 1
  }
}

async function settle(): Promise<void> {
  const until = elapsed() + settleMs
  while (callers.counts().pending > 0 && elapsed() < until && !interrupted.signal.aborted) await delay(100)
}

async function tellProgress(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(progressEveryMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    say(record.progress(callers, await ask('counts'), await record.memories()))
  }
}

async function soak(): Promise<number> {
  say(
    `${options.minutes} minutes, ${options.rate} creates a second, limit ${options.limit} a second, ${options.faults} % faults, --seed ${options.seed}`,
  )
  await Promise.all(replicas.map((replica) => replica.start()))
  start = performance.now()
  const loaded = new AbortController()
  const settled = new AbortController()
  const watching = [record.watch(settled.signal), tellProgress(settled.signal)]
  const disturbing = delay(calmMs, undefined, { signal: loaded.signal })
    .catch(() => undefined)
    .then(() => {
      tell({ faults: true })
      return disturb({ replicas: disturbed, redis, tell }, createDice(options.seed), loaded.signal, (name) =>
        say(record.disturbance(name)),
      )
    })
  try {
    await load()
    loaded.abort()
    await disturbing
    tell({ faults: false })
    await settle()
  } finally {
    loaded.abort()
    settled.abort()
    await Promise.all([...watching, disturbing])
  }
  if (interrupted.signal.aborted) return 130
  await Promise.all(replicas.map((replica) => replica.end('SIGTERM')))
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
  await redis.kill()
  await upstream.terminate()
  rmSync(folder, { recursive: true, force: true })
}
