/** Real gateways under more load than the limit allows, and an upstream that records the arrivals. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import type { ChildGateway } from './child-gateway.ts'
import { startGateway } from './child-gateway.ts'
import type { RecordingUpstream } from './recording-upstream.ts'
import type { RedisServer } from './redis-server.ts'
import { startRedis } from './redis-server.ts'

/** The limit of all gateways together, per second. */
export const limit = 100

export function open(
  upstream: RecordingUpstream,
  variables: Readonly<Record<string, string>> = {},
): ChildGateway {
  return startGateway({
    CALLBELL_API_TOKEN: 't',
    CALLBELL_API_URL: upstream.url,
    CALLBELL_MAX_RPS: String(limit),
    STORE_URL: 'memory:',
    GATEWAY_CALLER_RPS: '0',
    LOG_LEVEL: 'silent',
    ...variables,
  })
}

/** Ten reads. */
function operation(number: number): string {
  const fields = Array.from({ length: 10 }, (_, n) => `a${n}: contact(uuid: "u${number}-${n}") { uuid }`)
  return JSON.stringify({ query: `{ ${fields.join(' ')} }` })
}

/** Keeps 120 reads in flight at each gateway until the test ends. Failures are ignored. */
export function load(...gateways: readonly ChildGateway[]): void {
  const over = new AbortController()
  onTestFinished(() => over.abort())
  let number = 0
  for (const gateway of gateways.flatMap((one) => Array.from({ length: 12 }, () => one))) {
    void (async () => {
      while (!over.signal.aborted) {
        number += 1
        await send(gateway, number, over.signal).catch(() => delay(50))
      }
    })()
  }
}

async function send(gateway: ChildGateway, number: number, signal: AbortSignal): Promise<void> {
  const response = await fetch(await gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: operation(number),
    signal,
  })
  if ((await response.text()).includes('errors')) throw new Error('refused')
}

/** Waits for that many more requests to arrive. */
export async function arrive(upstream: RecordingUpstream, more: number): Promise<void> {
  const count = async (): Promise<number> => (await upstream.report()).arrivals.length
  const wanted = (await count()) + more
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThanOrEqual(wanted)
}

/** A Redis that gateways have used before: none waits for permits that it may have lost. */
export async function startUsedRedis(): Promise<RedisServer> {
  const redis = await startRedis()
  await redis.run('SET', 'callbell-graphql:permits:quiet-until', '1')
  return redis
}
