/** What a soak measures while it runs, and its report. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Callers } from './callers.ts'
import { clockMeans } from './clock.ts'
import type { SoakOptions } from './options.ts'
import type { Replica } from './processes.ts'
import type { UpstreamReport } from './upstream.ts'
import type { Verdict } from './verdict.ts'

const minuteMs = 60_000
const lookEveryMs = 2000
/** Numbers shown of each kind of what is wrong. */
const mostShown = 10

/**
 * @param steady the replica that is never ended, whose memory is reported
 * @param elapsed milliseconds since the processes were started
 */
export function createRecord(steady: Replica, replicas: readonly Replica[], elapsed: () => number) {
  const memory: { readonly atMs: number; readonly megabytes: number }[] = []
  const disturbances = new Map<string, number>()
  const seconds = (): string => `${Math.round(elapsed() / 1000)} s`.padStart(6)
  const memories = () => Promise.all(replicas.map((replica) => replica.memory()))

  function memoryIn(from: number, to: number): string {
    const there = memory.flatMap(({ atMs, megabytes }) => (atMs >= from && atMs < to ? megabytes : []))
    return there.length === 0 ? 'none' : `${quantile(there, 0.5).toFixed(0)} MB`
  }

  return {
    memories,
    /** Samples the memory of the steady replica until it is stopped. */
    async watch(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const megabytes = await steady.memory()
        if (megabytes !== undefined) memory.push({ atMs: elapsed(), megabytes })
        await delay(lookEveryMs, undefined, { signal }).catch(() => undefined)
      }
    },
    disturbance(name: string): string {
      disturbances.set(name, (disturbances.get(name) ?? 0) + 1)
      return `${seconds()}  ${name}`
    },
    progress(
      callers: Callers,
      { requests, rejections }: UpstreamReport,
      megabytes: readonly (number | undefined)[],
    ): string {
      const { begun, pending, created } = callers.counts()
      const refused = sum(callers.answers, / NOT_APPLIED$/)
      const unknown = sum(callers.answers, / UNKNOWN$/)
      const sizes = megabytes.map((size) => size?.toFixed(0) ?? '-').join('/')
      return `${seconds()}  sent ${begun}, created ${created}, pending ${pending}; answers: refused ${refused}, unknown ${unknown}; upstream: requests ${requests}, 429 beyond its limit ${rejections}; MB ${sizes}`
    },
    report(
      { minutes, rate, limit, faults, every, seed }: SoakOptions,
      callers: Callers & { readonly skipped: number },
      { made, requests, rejections, faults: met }: UpstreamReport,
      verdict: Verdict,
      logged: ReadonlyMap<string, number>,
    ): string {
      const endMs = minutes * minuteMs
      const { latencies } = callers
      const outcomes = callers.outcomes()
      const { totals } = verdict
      const show = (numbers: readonly number[]): string =>
        [
          numbers.length,
          ...numbers.slice(0, mostShown).map((number) => {
            const { reported, isForgotten } = outcomes[number] ?? {}
            const last = callers.latestAnswer(number)
            return `#${number} (${[reported, last ?? [], isForgotten ? 'key lost' : []].flat().join(', ')})`
          }),
        ].join(' ')
      return `
load          ${minutes} minutes, ${rate} creates a second, limit ${limit} requests a second, ${faults} % faults, --every ${every} --seed ${seed}
clocks        ${replicas.map(({ name, clock }) => `${name} ${clock.aheadSeconds()} s`).join(', ')}, by ${clockMeans}
disturbances  ${list(disturbances)}
faults        ${list(met)}
callers       ${callers.counts().begun} creates, ${callers.skipped} not started because too many were unanswered; intermediate answers: ${list(callers.answers)}
reported      created ${totals.CREATED}, applied ${totals.APPLIED}, not applied ${totals.NOT_APPLIED}, unknown ${totals.UNKNOWN}, gave up ${totals.GAVE_UP}
upstream      ${made.length} contacts from ${requests} requests, ${rejections} of them 429 beyond its limit
lost          ${show(verdict.lost)}
doubled       ${show(verdict.doubled)}
other uuid    ${show(verdict.wrongUuid)}
another's     ${show(verdict.anothers)}
denied        ${show(verdict.denied)}
unsettled     ${show(verdict.unsettled)}; without a key, and there: ${verdict.unknownButMade}
lost by Redis ${outcomes.filter(({ isForgotten }) => isForgotten).length} keys after an ambiguous answer; doubled, since a repeat is a new call then: ${show(verdict.doubledByLoss)}
latency       before the first disturbance (${latencies.length} creates): p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms
memory        of the gateway that was never killed, median of the second minute ${memoryIn(minuteMs, 2 * minuteMs)}, of the last ${memoryIn(endMs - minuteMs, endMs)}
errors logged ${list(logged)}`
    },
  }
}

function list(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a)
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
}

function sum(counts: ReadonlyMap<string, number>, names: RegExp): number {
  return [...counts].reduce((total, [name, count]) => (names.test(name) ? total + count : total), 0)
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
