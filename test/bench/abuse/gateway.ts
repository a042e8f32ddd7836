/** The gateway that is attacked: a process of its own with a small heap, as it would be installed. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import type { Child } from '../cost/child.ts'
import { startChild } from '../cost/child.ts'
import { cpuMicroseconds, pinned } from '../cost/machine.ts'
import { freePort } from '../cost/upstream.ts'
import { apiKeys } from './scene.ts'

const heapMebibytes = 256
const startMs = 60_000
/** For an answer of its health checks. */
const patienceMs = 2000
const root = join(import.meta.dirname, '../../..')

const digest = (key: string): string => createHash('sha256').update(key).digest('hex')

/** Everything else has its default: the documentation's promises are measured. */
const variables = (port: number, upstreamUrl: string, storeUrl: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  PORT: String(port),
  CALLBELL_API_TOKEN: 'a-token-of-callbell',
  CALLBELL_API_URL: upstreamUrl,
  STORE_URL: storeUrl,
  GATEWAY_AUTH: 'api-key,jwt',
  GATEWAY_API_KEYS: [
    `honest:${digest(apiKeys.honest)}`,
    `attacker:${digest(apiKeys.attacker)}`,
    `monitoring:${digest(apiKeys.metrics)}:metrics`,
  ].join(','),
  GATEWAY_JWKS_URL: `${upstreamUrl}/jwks.json`,
  GATEWAY_JWT_ISSUER: 'https://issuer.example',
  GATEWAY_JWT_AUDIENCE: 'callbell',
})

export interface AttackedGateway {
  readonly url: URL
  readonly usage: Usage
  /** The status of `/readyz`; undefined where no answer comes within two seconds. */
  readiness(): Promise<number | undefined>
  /** How it ended; undefined while it runs. */
  ending(): string | undefined
  end(): Promise<void>
}

export interface GatewayOptions {
  /** What is run, from the root of the repository. Default: the built one */
  readonly main?: string | undefined
  readonly upstreamUrl: string
  /** As in `STORE_URL`. */
  readonly storeUrl: string
}

/** @throws where it does not answer within a minute */
export async function startGateway({
  main = 'dist/main.js',
  upstreamUrl,
  storeUrl,
}: GatewayOptions): Promise<AttackedGateway> {
  const flags = [`--max-old-space-size=${heapMebibytes}`, '--disallow-code-generation-from-strings']
  const command = [process.execPath, ...flags, resolve(root, main)]
  const port = await freePort()
  const child = await startChild(pinned('server', command), {
    // A folder without `.env`, as the gateway would read it.
    cwd: import.meta.dirname,
    env: variables(port, upstreamUrl, storeUrl),
    // Where it runs out of memory, V8 prints pages of it.
    isSilent: true,
  })
  const url = new URL(`http://127.0.0.1:${port}/graphql`)
  const gateway: AttackedGateway = {
    url,
    usage: watchUsage(child),
    readiness: () => statusOf(new URL('/readyz', url)),
    ending() {
      const { exitCode, signalCode } = child.process
      if (exitCode !== null) return `exit ${exitCode}`
      return signalCode ?? undefined
    },
    end: () => child.end('SIGKILL'),
  }
  for (const start = performance.now(); (await statusOf(new URL('/livez', url))) !== 200; await delay(20)) {
    if (gateway.ending() === undefined && performance.now() - start < startMs) continue
    await gateway.end()
    throw new Error(`the gateway did not start within ${startMs} ms`)
  }
  return gateway
}

/** @returns the status of the answer; undefined where none comes in time */
async function statusOf(url: URL): Promise<number | undefined> {
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(patienceMs) })
    await body.dump()
    return statusCode
  } catch {
    return undefined
  }
}

/** What a process has used since `reset`. A process that has ended used what was seen last. */
export interface Usage {
  reset(): void
  /** Its peak memory in mebibytes; NaN if the system does not report it. */
  peak(): number
  /** CPU seconds per second; NaN if the system does not report it. */
  cpu(): number
}

const sampleEveryMs = 100

function watchUsage({ pid, process: child }: Child): Usage {
  let start = { at: performance.now(), cpu: cpuMicroseconds(pid) }
  let latest = start
  let peak = Number.NaN

  function look(): void {
    const cpu = cpuMicroseconds(pid)
    const high = peakMebibytes(pid)
    if (Number.isNaN(cpu) || Number.isNaN(high)) return
    latest = { at: performance.now(), cpu }
    peak = high
  }
  const timer = setInterval(look, sampleEveryMs).unref()
  child.once('exit', () => clearInterval(timer))
  return {
    reset() {
      resetPeak(pid)
      start = latest = { at: performance.now(), cpu: cpuMicroseconds(pid) }
    },
    peak() {
      look()
      return peak
    },
    cpu() {
      look()
      return (latest.cpu - start.cpu) / 1000 / (latest.at - start.at)
    },
  }
}

/** VmHWM: the most that was resident since the last reset. */
function peakMebibytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return Number.NaN
  }
}

/** proc(5): a 5 makes the peak what is resident now. */
function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Where it can't be reset, the peak since the start stands for it.
  }
}
