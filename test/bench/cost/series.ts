/** What the cost depends on: how many fields are selected, contacts created, connections open. */
import type { LoadMeasurement } from './measure.ts'
import { measureLoad } from './measure.ts'
import { aliased, mostFields, selecting } from './operations.ts'
import type { BenchOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { connections } from './rounds.ts'
import type { RunningServer, ServerName } from './servers.ts'
import { bodyFor, startServer, titles } from './servers.ts'
import { median } from './statistics.ts'

export interface Series {
  readonly points: readonly number[]
  /** By server, one for each point: the medians over the passes. */
  readonly measured: ReadonlyMap<ServerName, readonly LoadMeasurement[]>
}

interface Plan {
  readonly points: readonly number[]
  readonly servers: readonly ServerName[]
  /** Left out: the documented operation. */
  query?(point: number): string
  connections?(point: number): number
  /** How many requests to send, of those of a pass: what costs more of each needs fewer. */
  share?(point: number): number
}

export type SeriesName = 'fields' | 'aliases' | 'connections'

const plans: Readonly<Record<SeriesName, Plan>> = {
  fields: { points: [1, 5, 10, 15, 20, mostFields], servers: ['gateway', 'yoga'], query: selecting },
  aliases: {
    points: [1, 2, 5, 10],
    servers: ['gateway', 'yoga'],
    query: aliased,
    share: (point) => 1 / Math.sqrt(point),
  },
  connections: {
    points: [1, 8, 32, 128, 512],
    servers: ['bare-proxy', 'gateway', 'yoga'],
    connections: (point) => point,
  },
}

export const stepsOf = (name: SeriesName, { passes }: BenchOptions): number =>
  plans[name].servers.length * (1 + plans[name].points.length * passes)

const middle = (all: readonly LoadMeasurement[], figure: keyof LoadMeasurement): number =>
  median(all.map((measurement) => measurement[figure]))

/** Each server is started once, and measured alternately at each point. Only the requests change. */
export async function measureSeries(
  seriesName: SeriesName,
  { passes, passRequests, warmUp }: BenchOptions,
  upstreamUrl: string,
  progress: Progress,
): Promise<Series> {
  const plan = plans[seriesName]
  const servers = new Map<ServerName, RunningServer>()
  const samples = new Map(plan.servers.map((name) => [name, plan.points.map((): LoadMeasurement[] => [])]))
  try {
    for (const name of plan.servers) servers.set(name, await startServer(name, upstreamUrl))
    for (const [name, server] of servers) {
      progress.step(`${seriesName}, to warm up: ${titles[name]}`)
      const requests = Math.ceil(warmUp / plan.points.length)
      for (const point of plan.points) {
        const body = bodyFor(name, plan.query?.(point))
        await measureLoad(name, server, body, { connections, warmUp: 0, requests })
      }
    }
    for (let pass = 0; pass < passes; pass += 1) {
      for (const [index, point] of plan.points.entries()) {
        for (const [name, server] of servers) {
          progress.step(`${seriesName} ${point}: ${titles[name]}`)
          const requests = Math.ceil(passRequests * (plan.share?.(point) ?? 1))
          const size = {
            connections: plan.connections?.(point) ?? connections,
            warmUp: Math.ceil(requests / 4),
            requests,
          }
          const measured = await measureLoad(name, server, bodyFor(name, plan.query?.(point)), size)
          samples.get(name)?.[index]?.push(measured)
        }
      }
    }
  } finally {
    for (const server of servers.values()) await server.end()
  }
  const measured = [...samples].map(([name, ofPoints]): [ServerName, LoadMeasurement[]] => [
    name,
    ofPoints.map((all) => ({
      cpu: middle(all, 'cpu'),
      throughput: middle(all, 'throughput'),
      p50: middle(all, 'p50'),
      p99: middle(all, 'p99'),
    })),
  ])
  return { points: plan.points, measured: new Map(measured) }
}
