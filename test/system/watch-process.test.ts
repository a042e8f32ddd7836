/** The log and the metrics of a real process. Other tests cover their parts. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startGateway } from '../support/child-gateway.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'

async function ask(url: string, query: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  await response.text()
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(new URL('/metrics', url))).text()
}

test('documented and persisted operations are counted by name, and mutations begin at 0', async () => {
  const file = join(tmpdir(), `persisted-${process.pid}.json`)
  writeFileSync(file, JSON.stringify({ a: 'query OurOwn { __typename }' }))
  const gateway = startGateway({ PERSISTED_DOCUMENTS: file, LOG_SAMPLE: '0' })
  const url = await gateway.url
  for (const name of ['OurOwn', 'Contacts', 'Nobody']) await ask(url, `query ${name} { __typename }`)
  const metrics = await metricsOf(url)
  for (const name of ['OurOwn', 'Contacts', '(other)']) {
    expect(metrics).toContain(`requests_total{operation="${name}",type="query",code="OK"} 1`)
  }
  for (const field of ['createContact', 'addConversationNote', 'deleteContact']) {
    expect(metrics).toContain(`unknown_outcomes_total{field="${field}"} 0`)
  }
  expect(metrics).toContain('callbell_graphql_store_available 1')
  gateway.kill('SIGTERM')
  await gateway.ended
  expect(gateway.output().stdout).not.toContain('a request was answered')
})

test.runIf(hasRedis)(
  'the loss and the return of Redis are logged once each, and in the metrics',
  async () => {
    const redis = await startRedis()
    const gateway = startGateway({ STORE_URL: redis.url, LOG_LEVEL: 'info' })
    const url = await gateway.url
    await expect.poll(() => metricsOf(url)).toContain('store_available 1')
    await redis.kill()
    await expect.poll(() => metricsOf(url)).toContain('store_available 0')
    await ask(
      url,
      'mutation { createContact(input: {identifier: "1", source: TELEGRAM, name: "Ada", idempotencyKey: "k"}) { replayed } }',
    )
    await redis.start()
    await expect.poll(() => metricsOf(url)).toContain('store_available 1')
    await expect.poll(() => gateway.output().stdout).toContain('Redis is reachable again')
    gateway.kill('SIGTERM')
    await gateway.ended
    const { stdout } = gateway.output()
    expect(stdout.match(/"Redis is unreachable"/g)).toHaveLength(1)
    expect(stdout.match(/"Redis is reachable again"/g)).toHaveLength(1)
    const failed = stdout.split('\n').find((line) => line.includes('STORE_UNAVAILABLE')) ?? '{}'
    expect(JSON.parse(failed)).toMatchObject({
      level: 'warn',
      fields: [{ outcome: 'UNKNOWN', requests: 0, failure: { reason: expect.stringMatching(/./) } }],
    })
  },
)
