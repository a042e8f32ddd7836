/**
 * Real gateways under more load than the limit allows. Only what no delay can change is checked here: a request
 * that is held up arrives later, and never earlier. `npm run bench:pace` measures each second.
 */
import { expect, test } from 'vitest'
import { arrive, limit, load, open, startUsedRedis } from '../support/loaded-gateways.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import { hasRedis } from '../support/redis-server.ts'

/** Those that arrived before the limit could have let them leave. @param startedAt on the upstream's clock */
function tooEarly(arrivals: readonly number[], startedAt: number): readonly number[] {
  return arrivals.filter((at, index) => index + 1 > limit * (1 + (at - startedAt) / 1000))
}

test('one gateway lets no request leave too early', async () => {
  const upstream = await startRecordingUpstream()
  const { now } = await upstream.report()
  load(open(upstream))
  await arrive(upstream, 350)
  expect(tooEarly((await upstream.report()).arrivals, now)).toEqual([])
})

test.runIf(hasRedis)('three replicas on one Redis let no request leave too early', async () => {
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
