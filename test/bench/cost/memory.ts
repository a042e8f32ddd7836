/** The gateway's memory over many requests: whether it keeps something of each. */
import { setTimeout as delay } from 'node:timers/promises'
import { ask, openLoad } from './load.ts'
import { residentMebibytes } from './machine.ts'
import { checkAnswer, requestMaker } from './measure.ts'
import type { BenchOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { connections } from './rounds.ts'
import { bodyFor, withServer } from './servers.ts'
import { slope } from './statistics.ts'

export interface MemorySeries {
  /** How many requests there were before, and mebibytes. */
  readonly points: readonly (readonly [requests: number, mebibytes: number])[]
  /** Mebibytes over the second half, by linear regression. */
  readonly growth: number
}

const memoryPoints = 10
/** Garbage of the last request is collected, and sockets are closed, in the end at the latest. */
const restMs = 1000

/** The gateway's memory over many requests. */
export async function measureMemory(
  { memoryRequests }: BenchOptions,
  upstreamUrl: string,
  progress: Progress,
): Promise<MemorySeries> {
  progress.step(`memory: ${memoryRequests} requests`)
  return withServer('gateway', upstreamUrl, async (server) => {
    const request = requestMaker(server, bodyFor('gateway'))
    const expected = await ask(server, request())
    checkAnswer('gateway', expected)
    const points: [number, number][] = [[0, residentMebibytes(server.pid)]]
    const load = await openLoad(server, connections)
    try {
      const step = Math.ceil(memoryRequests / memoryPoints)
      for (let point = 1; point <= memoryPoints; point += 1) {
        await load.closedLoop(request, expected, step)
        await delay(restMs)
        points.push([point * step, residentMebibytes(server.pid)])
        progress.detail(`${point * step} requests, ${residentMebibytes(server.pid).toFixed(0)} MiB`)
      }
    } finally {
      load.close()
    }
    const half = points.slice(memoryPoints / 2)
    return { points, growth: (slope(half) * memoryRequests) / 2 }
  })
}
