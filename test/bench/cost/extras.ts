/** What the gateway costs with that switched on which the other servers have nothing like: the log, and keys. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pretendAge } from '../../support/redis-epoch.ts'
import type { Child } from './child.ts'
import { startChild } from './child.ts'
import { isOnPath, pinned } from './machine.ts'
import type { LoadMeasurement } from './measure.ts'
import { measureLoad } from './measure.ts'
import { createContact, variables } from './operations.ts'
import type { BenchOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { connections } from './rounds.ts'
import type { RunningServer } from './servers.ts'
import { bodyFor, startServer } from './servers.ts'
import { median } from './statistics.ts'
import { freePort } from './upstream.ts'

export interface Extra {
  readonly what: string
  /** Medians over the passes. */
  readonly measured: Pick<LoadMeasurement, 'cpu' | 'throughput' | 'p99'>
}

/** Where keys can be kept. */
interface Places {
  /** Empty, for files. */
  readonly folder: string
  readonly redisPort: number
}

interface Plan {
  readonly what: string
  readonly variables?: (places: Places) => NodeJS.ProcessEnv
  /** Whether each create has a key of its own. */
  readonly hasKeys?: boolean
}

const hasRedis = isOnPath('redis-server')

const inRedis: Plan = {
  what: 'a key for each create, in Redis',
  variables: ({ redisPort }) => ({ STORE_URL: `redis://127.0.0.1:${redisPort}` }),
  hasKeys: true,
}
const plans: readonly Plan[] = [
  { what: 'nothing more' },
  { what: 'a log entry for each request', variables: () => ({ LOG_LEVEL: 'info' }) },
  { what: 'a key for each create, in memory', hasKeys: true },
  {
    what: 'a key for each create, in SQLite',
    variables: ({ folder }) => ({ STORE_URL: `sqlite:${folder}/gateway.db` }),
    hasKeys: true,
  },
  ...(hasRedis ? [inRedis] : []),
]

export const stepsOfExtras = ({ passes }: BenchOptions): number => plans.length * (1 + passes)

let keys = 0

/** The documented create, with a key that was never used. */
function keyedBody(): string {
  keys += 1
  const idempotencyKey = `28f10773-e3f1-4af7-94b2-${String(keys).padStart(12, '0')}`
  return JSON.stringify({
    query: createContact,
    variables: { input: { ...variables.input, idempotencyKey } },
  })
}

async function startRedis(port: number): Promise<Child> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = await startChild(pinned('others', ['redis-server', ...options]), { isRead: true })
  // Its first lines come before it takes connections.
  if (child.process.stdout) await once(child.process.stdout, 'data')
  child.process.stdout?.resume()
  await pretendAge(`redis://127.0.0.1:${port}`)
  return child
}

interface Run {
  readonly plan: Plan
  readonly server: RunningServer
  readonly samples: LoadMeasurement[]
}

/** The gateway alone, in several variants, measured alternately. */
export async function measureExtras(
  { passes, passRequests, warmUp }: BenchOptions,
  upstreamUrl: string,
  progress: Progress,
): Promise<readonly Extra[]> {
  const places: Places = {
    folder: mkdtempSync(join(tmpdir(), 'bench-store-')),
    redisPort: await freePort(),
  }
  const redis = hasRedis ? await startRedis(places.redisPort) : undefined
  const runs: Run[] = []
  try {
    for (const plan of plans) {
      progress.step(`to warm up: ${plan.what}`)
      const server = await startServer('gateway', upstreamUrl, { variables: plan.variables?.(places) })
      runs.push({ plan, server, samples: [] })
      await measureLoad('gateway', server, bodyOf(plan), { connections, warmUp, requests: 1 })
    }
    const size = { connections, warmUp: Math.ceil(passRequests / 4), requests: passRequests }
    for (let pass = 0; pass < passes; pass += 1) {
      for (const { plan, server, samples } of runs) {
        progress.step(plan.what)
        samples.push(await measureLoad('gateway', server, bodyOf(plan), size))
      }
    }
  } finally {
    for (const { server } of runs) await server.end()
    await redis?.end('SIGTERM')
    rmSync(places.folder, { recursive: true })
  }
  return runs.map(({ plan: { what }, samples }) => {
    const middle = (figure: keyof LoadMeasurement): number => median(samples.map((sample) => sample[figure]))
    return { what, measured: { cpu: middle('cpu'), throughput: middle('throughput'), p99: middle('p99') } }
  })
}

function bodyOf({ hasKeys }: Plan): string | (() => string) {
  return hasKeys ? keyedBody : bodyFor('gateway')
}
