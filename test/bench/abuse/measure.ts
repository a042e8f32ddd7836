/** Measures one attack: what one attacker does to one honest caller, and to the gateway between them. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { startChild } from '../cost/child.ts'
import { pinned } from '../cost/machine.ts'
import { addressOf } from '../cost/servers.ts'
import type { Attack } from './attack.ts'
import type { AttackedGateway } from './gateway.ts'
import { startGateway } from './gateway.ts'
import { startRedis } from './redis.ts'
import { startReporter } from './reporter.ts'
import type { Experience } from './samples.ts'
import { experienceOf, now, parseSamples } from './samples.ts'

export interface Measured {
  readonly name: string
  readonly what: string
  /** The honest caller before the attack, during it, and in the moments behind it. */
  readonly before: Experience
  readonly during: Experience
  readonly after: Experience
  /** Of the gateway, in mebibytes, from the start of the attack on. */
  readonly peak: number
  /** Seconds of CPU time for each second of the attack, of the gateway and of the attacker. */
  readonly cpu: number
  readonly attackerCpu: number
  /** The status of `/readyz` in the end; undefined where it is not answered. */
  readonly readiness: number | undefined
  /** How the gateway ended, if it did. */
  readonly ending: string | undefined
  /** How often the attacker got which answer. */
  readonly answers: Readonly<Record<string, number>>
}

export interface MeasureOptions {
  readonly upstreamUrl: string
  /** Of the attack. Half as many go before it, without one. */
  readonly seconds: number
  /** As in `GatewayOptions`. */
  readonly main?: string
}

/** Milliseconds behind the attack in which the honest caller is to be served again. */
const afterMs = 1500

/** @returns the base URL of the API */
export async function startUpstream(): Promise<{
  readonly url: string
  readonly end: () => Promise<void>
}> {
  const script = join(import.meta.dirname, 'upstream.ts')
  const child = await startChild(pinned('others', [process.execPath, script]), { isRead: true })
  const { href } = await addressOf(child, 'the upstream')
  return { url: href, end: () => child.end('SIGKILL') }
}

/** What the attacker's process prints. */
const attackReport = z.object({ counts: z.record(z.string(), z.number()), cpu: z.number() })

async function measureOn(gateway: AttackedGateway, attack: Attack, seconds: number): Promise<Measured> {
  const { name, what, honestWork } = attack
  const { url, usage } = gateway
  const honest = await startReporter('honest.ts', url.href, ...(honestWork ? [honestWork] : []))
  await honest.printed('ready')
  const startAt = now()
  await delay((seconds * 1000) / 2)
  const attacker = await startReporter('attack-process.ts', name, url.href, String(seconds))
  await attacker.printed('ready')
  usage.reset()
  const attackAt = now()
  await delay(seconds * 1000)
  const cpu = usage.cpu()
  const endAt = now()
  const { counts, cpu: attackerCpu } = attackReport.parse(JSON.parse(await attacker.end()))
  const calmAt = now()
  await delay(afterMs)
  const samples = parseSamples(await honest.end())
  const readiness = await gateway.readiness()
  return {
    name,
    what,
    before: experienceOf(samples, startAt, attackAt),
    during: experienceOf(samples, attackAt, endAt),
    after: experienceOf(samples, calmAt, Number.POSITIVE_INFINITY),
    peak: usage.peak(),
    cpu,
    attackerCpu,
    readiness,
    ending: gateway.ending(),
    answers: counts,
  }
}

/** Against a gateway that has just been started, and ends with the attack. */
export async function measureAttack(
  attack: Attack,
  { upstreamUrl, seconds, main }: MeasureOptions,
): Promise<Measured> {
  const redis = attack.store === 'redis' ? await startRedis() : undefined
  try {
    const gateway = await startGateway({ main, upstreamUrl, storeUrl: redis?.url ?? 'memory:' })
    try {
      return await measureOn(gateway, attack, Math.max(seconds, attack.leastSeconds ?? 0))
    } finally {
      await gateway.end()
    }
  } finally {
    await redis?.end()
  }
}
