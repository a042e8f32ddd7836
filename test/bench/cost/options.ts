/** The options of `npm run bench`, which its command line gives. */
import { parseArgs } from 'node:util'
import type { ServerName } from './servers.ts'
import { serverNames } from './servers.ts'

export const seriesNames = ['fields', 'aliases', 'connections', 'extras', 'latency', 'memory'] as const
export type SeriesName = (typeof seriesNames)[number]

export interface BenchOptions {
  /** Whether it is a quick check instead of a measurement. */
  readonly isQuick: boolean
  /** In each of them every server is started and measured once, in an order of its own. */
  readonly rounds: number
  /** Measured, of each server in each round and at each point of a series. */
  readonly requests: number
  /** Sent before these. */
  readonly warmUp: number
  /** How often each point of a series is measured, and how many requests each time. */
  readonly passes: number
  readonly passRequests: number
  /** For how long the latency is measured, each way. */
  readonly latencySeconds: number
  /** Of the memory's series. */
  readonly memoryRequests: number
  readonly only: readonly ServerName[]
  readonly series: readonly SeriesName[]
  /** Whether the results go into docs/performance.md. */
  readonly write: boolean
}

const full = {
  rounds: 5,
  requests: 20_000,
  // Until then a server gets cheaper from one thousand to the next: V8 is still compiling what is hot.
  warmUp: 20_000,
  passes: 3,
  passRequests: 5000,
  latencySeconds: 20,
  memoryRequests: 1_000_000,
}
const quick = {
  rounds: 2,
  requests: 4000,
  warmUp: 3000,
  passes: 2,
  passRequests: 1000,
  latencySeconds: 5,
  memoryRequests: 50_000,
}

function isOneOf<Name extends string>(names: readonly Name[], word: string): word is Name {
  return names.some((name) => name === word)
}

function readNames<Name extends string>(option: string, text: string, names: readonly Name[]): Name[] {
  return text
    .split(',')
    .filter((word) => word !== '')
    .map((word) => {
      if (isOneOf(names, word)) return word
      throw new Error(`--${option} knows ${names.join(', ')}, and not ${word}`)
    })
}

function readNumber(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${option} must be a whole number above 0, but is ${text}`)
}

/** @throws where one of them can't be understood */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      requests: { type: 'string' },
      only: { type: 'string' },
      series: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  })
  const defaults = values.quick ? quick : full
  const only = readNames('only', values.only ?? serverNames.join(','), serverNames)
  return {
    ...defaults,
    isQuick: values.quick,
    rounds: readNumber('rounds', values.rounds ?? String(defaults.rounds)),
    requests: readNumber('requests', values.requests ?? String(defaults.requests)),
    // Everything is reported as a ratio to it.
    only: serverNames.filter((name) => name === 'bare-proxy' || only.includes(name)),
    series: readNames('series', values.series ?? seriesNames.join(','), seriesNames),
    write: values.write,
  }
}

/** A guess, from what servers like these take on a machine of two cores. */
export function estimateMinutes({ series, ...options }: BenchOptions): number {
  const perRun = 3 + (options.warmUp + options.requests) / 2500
  const points = { fields: 12, aliases: 16, connections: 15, extras: 10, latency: 0, memory: 0 }
  const rounds = options.only.length * options.rounds * perRun
  const perPoint = (1 + (options.passRequests * 1.25) / 2500) * options.passes
  const ofSeries = series.reduce((sum, name) => sum + points[name] * perPoint, 0)
  const latency = series.includes('latency') ? 3 * options.latencySeconds : 0
  const memory = series.includes('memory') ? options.memoryRequests / 3000 : 0
  return Math.ceil((rounds + ofSeries + latency + memory) / 60)
}
