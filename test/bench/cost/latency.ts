/** What a server adds to the latency, at a rate that it can hold: the account's own 300 a second. */
import { ask, openLoop } from './load.ts'
import { checkAnswer, measureLoad, requestMaker } from './measure.ts'
import { wireRequest } from './operations.ts'
import type { BenchOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { connections } from './rounds.ts'
import { bodyFor, requestFor, titles, withServer } from './servers.ts'
import { percentile } from './statistics.ts'

export interface Latency {
  readonly way: string
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

export const latencyRate = 300

/** At a fixed rate, first without any server between, and then through the bare proxy and the gateway. */
export async function measureLatency(
  { latencySeconds, warmUp }: BenchOptions,
  upstreamUrl: string,
  progress: Progress,
): Promise<readonly Latency[]> {
  const schedule = { perSecond: latencyRate, seconds: latencySeconds }
  const url = new URL(`${upstreamUrl}/contacts`)
  const upstream = { host: url.hostname, port: Number(url.port) }
  const all: Latency[] = []
  function add(way: string, latencies: Float64Array): void {
    const [p50, p99, p999] = [50, 99, 99.9].map((percent) => percentile(latencies, percent))
    all.push({ way, p50: p50 ?? NaN, p99: p99 ?? NaN, p999: p999 ?? NaN })
  }
  progress.step('latency: upstream alone')
  const request = requestFor(url, wireRequest)
  add('upstream alone', await openLoop(upstream, () => request, await ask(upstream, request), schedule))
  for (const name of ['bare-proxy', 'gateway'] as const) {
    progress.step(`latency: ${titles[name]}`)
    const latencies = await withServer(name, upstreamUrl, async (server) => {
      const body = bodyFor(name)
      await measureLoad(name, server, body, { connections, warmUp, requests: 1 })
      const own = requestMaker(server, body)
      const expected = await ask(server, own())
      checkAnswer(name, expected)
      return openLoop(server, own, expected, schedule)
    })
    add(titles[name], latencies)
  }
  return all
}
