/** A gateway with two workers on one port, and its log and metrics. */
import { expect } from 'vitest'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { ChildGateway } from './child-gateway.ts'
import { startGateway } from './child-gateway.ts'
import { uuidsOf } from './counting-sandbox.ts'
import type { CreateResult } from './create-contact.ts'
import { startRedis } from './redis-server.ts'

/** Starts two workers, with a new Redis if `variables` have no `STORE_URL`. Resolves when both can use it. */
export async function startWorkers(variables: Readonly<Record<string, string>> = {}): Promise<ChildGateway> {
  const { STORE_URL = (await startRedis()).url } = variables
  const gateway = startGateway({ GATEWAY_WORKERS: '2', ...variables, STORE_URL })
  await gateway.url
  // Keys are refused until the connection to Redis is open.
  await expect.poll(() => readMetric(gateway, 'callbell_graphql_store_available')).toBe(1)
  return gateway
}

/** Starts two workers that call this upstream. */
export function startWorkersFor(
  url: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<ChildGateway> {
  return startWorkers({
    CALLBELL_API_TOKEN: 't',
    CALLBELL_API_URL: url,
    GATEWAY_CALLER_RPS: '0',
    ...variables,
  })
}

/** The restart of a worker takes long on a busy machine. */
export const restartTimeout = { timeout: 300_000 }

type LogLine = Readonly<Record<string, unknown>>

/** The log lines with this message. */
export function linesOf(gateway: ChildGateway, message: string): LogLine[] {
  const { stdout } = gateway.output()
  // The last line may be incomplete.
  const lines = stdout.slice(0, stdout.lastIndexOf('\n') + 1).match(/.+/g) ?? []
  return lines.map((line): LogLine => JSON.parse(line)).filter(({ msg }) => msg === message)
}

/** All workers that have started to listen, in that order. */
export function workersOf(gateway: ChildGateway): { readonly worker: number; readonly pid: number }[] {
  return linesOf(gateway, 'a worker is listening').map(({ worker, pid }) => ({
    worker: Number(worker),
    pid: Number(pid),
  }))
}

/** The numbers of the workers that have logged this message. */
export function writersOf(gateway: ChildGateway, message: string): number[] {
  const workers = linesOf(gateway, message).map(({ worker }) => Number(worker))
  return [...new Set(workers)].toSorted((a, b) => a - b)
}

/** Waits for the log, which may follow the answers. */
export async function expectBothHaveAnswered(gateway: ChildGateway): Promise<void> {
  await expect.poll(() => writersOf(gateway, 'a request was answered')).toEqual([1, 2])
}

/** The value of a sample of `/metrics`. */
export async function readMetric(gateway: ChildGateway, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', await gateway.url))).text()
  const line = text.split('\n').find((sample) => sample.startsWith(`${name} `))
  return Number(line?.slice(name.length))
}

export const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))
export const nameOf = (n: number): string => `Contact ${n}`

/** The results of calls with one key: the first creates the contact, and the others replay it. */
export const resultsFor = (sandbox: Sandbox, name: string, calls: number): CreateResult[] =>
  times(calls, (n) => ({ uuid: uuidsOf(sandbox, name)[0] ?? 'none', replayed: n > 0 }))
