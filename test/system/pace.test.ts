/**
 * Real gateways under more load than the limit allows. A busy machine can make requests late, but never early,
 * so that only early requests fail these tests. `npm run bench:pace` measures each second.
 */
import { expect, test } from 'vitest'
import { arrive, limit, load, open, startUsedRedis } from '../support/loaded-gateways.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import { hasRedis } from '../support/redis-server.ts'

/** @returns the arrivals before the limit allowed them. @param startedAt on the upstream's clock */
function tooEarly(arrivals: readonly number[], startedAt: number): readonly number[] {
  return arrivals.filter((at, index) => index + 1 > limit * (1 + (at - startedAt) / 1000))
}

test('one gateway sends no request too early', async () => {
  const upstream = await startRecordingUpstream()
  const { now } = await upstream.report()
  load(open(upstream))
  await arrive(upstream, 350)
  expect(tooEarly((await upstream.report()).arrivals, now)).toEqual([])
})

test.runIf(hasRedis)('three replicas send no request too early, even if Redis loses its data', async () => {
  const upstream = await startRecordingUpstream()
  const redis = await startUsedRedis()
  const { now } = await upstream.report()
  const start = () => open(upstream, { STORE_URL: redis.url })
  load(start(), start(), start())
  await arrive(upstream, 300)
  await redis.run('FLUSHALL')
  await arrive(upstream, 50)
  expect(tooEarly((await upstream.report()).arrivals, now)).toEqual([])
})
