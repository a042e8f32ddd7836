/** Two workers on one port serve requests like one process. */
import { describe, expect, test } from 'vitest'
import type { ChildGateway } from '../support/child-gateway.ts'
import { byName, openLimitedSandbox, openSandbox, postsOf } from '../support/counting-sandbox.ts'
import type { CreateResult } from '../support/create-contact.ts'
import { create } from '../support/create-contact.ts'
import { hasRedis } from '../support/redis-server.ts'
import {
  expectBothHaveAnswered,
  linesOf,
  nameOf,
  readMetric,
  restartTimeout,
  resultsFor,
  startWorkers,
  startWorkersFor,
  times,
  workersOf,
  writersOf,
} from '../support/worker-gateway.ts'

/** On a busy machine, one worker may have accepted all connections so far. New connections reach the other. */
async function sendUntilBothHaveAnswered(gateway: ChildGateway): Promise<void> {
  const url = await gateway.url
  const headers = { 'content-type': 'application/json', connection: 'close' }
  await expect
    .poll(async () => {
      await fetch(url, { method: 'POST', headers, body: '{"query":"{ __typename }"}' })
      return writersOf(gateway, 'a request was answered')
    })
    .toEqual([1, 2])
}

const byReplayed = (results: readonly CreateResult[]): CreateResult[] =>
  results.toSorted((a, b) => Number(a.replayed) - Number(b.replayed))

describe.skipIf(!hasRedis)('two workers', { timeout: 300_000 }, () => {
  test('create one contact for concurrent calls with one key, and return it to all', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url)
    const names = times(20, nameOf)
    const results = await Promise.all(
      names.map((name) => Promise.all(times(6, () => create(gateway, name, `key ${name}`)))),
    )
    expect(results.map(byReplayed)).toEqual(names.map((name) => resultsFor(sandbox, name, 6)))
    expect(postsOf(sandbox)).toHaveLength(names.length)
    await sendUntilBothHaveAnswered(gateway)
  })

  test('share one rate limit: none of 150 creates meets a 429, and all succeed', async () => {
    const limit = 40
    const upstream = await openLimitedSandbox(limit)
    const gateway = await startWorkersFor(upstream.url, { CALLBELL_MAX_RPS: String(limit) })
    // For three seconds after its start, each worker also has a limit of its own.
    await expect.poll(() => readMetric(gateway, 'callbell_graphql_pace_limit')).toBe(limit)
    const names = times(150, nameOf)
    const results = await Promise.all(names.map((name) => create(gateway, name)))
    const { contacts, rejections } = await upstream.report()
    expect(rejections).toBe(0)
    expect(byName(contacts)).toEqual(byName(results.map(({ uuid }, n) => ({ name: names[n], uuid }))))
    await sendUntilBothHaveAnswered(gateway)
  })

  test('share the limit of a caller', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url, { GATEWAY_CALLER_RPS: '5' })
    const startedAt = performance.now()
    const results = await Promise.all(times(40, (n) => create(gateway, nameOf(n))))
    const tookSeconds = (performance.now() - startedAt) / 1000
    const refused = results.filter(({ code }) => code !== undefined)
    const limited = { code: 'RATE_LIMITED', outcome: 'NOT_APPLIED', retryable: true }
    expect(refused).toEqual(refused.map(() => ({ ...limited, retryAfterMs: expect.any(Number) })))
    const created = results.length - refused.length
    // The burst is ten calls, and each second adds five.
    expect(created).toBeGreaterThanOrEqual(10)
    expect(created).toBeLessThanOrEqual(10 + 5 * tookSeconds)
    expect(postsOf(sandbox)).toHaveLength(created)
    await sendUntilBothHaveAnswered(gateway)
  })

  test('keep all tags of concurrent edits of one contact', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url)
    const { uuid } = await create(gateway, 'Tagged')
    const query = `mutation ($uuid: ID!, $tags: [String!]) {
      updateContact(input: { uuid: $uuid, addTags: $tags }) { contact { uuid } userErrors { code message } }
    }`
    const tags = ['Called back', 'Interested', 'Newsletter', 'VIP']
    const edited = await Promise.all(
      tags.map(async (tag) => {
        const response = await fetch(await gateway.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables: { uuid, tags: [tag] } }),
        })
        return response.json()
      }),
    )
    expect(edited).toEqual(
      tags.map(() => ({ data: { updateContact: { contact: { uuid }, userErrors: [] } } })),
    )
    const contact = sandbox.contacts.all().find((one) => one.uuid === uuid)
    expect(contact?.tags.toSorted()).toEqual(tags)
    await sendUntilBothHaveAnswered(gateway)
  })

  test('share one sandbox, also under `node --watch`', async () => {
    // `node --watch` uses the IPC channel of the workers for its own messages.
    const gateway = await startWorkers({ WATCH_REPORT_DEPENDENCIES: '1' })
    const names = times(20, nameOf)
    const results = await Promise.all(names.map((name) => create(gateway, name)))
    const found = await Promise.all(
      results.map(async ({ uuid }) => {
        const query = `{ contact(uuid: "${uuid}") { name } }`
        const response = await fetch(`${await gateway.url}?${String(new URLSearchParams({ query }))}`, {
          headers: { accept: 'application/json' },
        })
        return response.json()
      }),
    )
    expect(found).toEqual(names.map((name) => ({ data: { contact: { name } } })))
    await sendUntilBothHaveAnswered(gateway)
  })

  test('report the sum of their metrics, which does not decrease when one is replaced', async () => {
    const gateway = await startWorkers()
    const url = await gateway.url
    const count = (): Promise<number> =>
      readMetric(gateway, 'callbell_graphql_requests_total{operation="(anonymous)",type="query",code="OK"}')
    const sendRequests = (): Promise<Response[]> =>
      Promise.all(
        times(10, () =>
          fetch(`${url}?query={__typename}`, {
            headers: { accept: 'application/json', connection: 'close' },
          }),
        ),
      )
    await sendRequests()
    await expectBothHaveAnswered(gateway)
    // Any worker may answer.
    expect(await Promise.all(times(6, count))).toEqual(times(6, () => 10))
    for (const [killed, backoffMs] of [100, 200].entries()) {
      process.kill(workersOf(gateway)[killed * 2]?.pid ?? 0, 'SIGKILL')
      await expect.poll(() => workersOf(gateway).length, restartTimeout).toBe(3 + killed)
      expect(linesOf(gateway, 'a worker has exited and is restarted').at(-1)).toMatchObject({ backoffMs })
      expect(await count()).toBe(10 * (killed + 1))
      await sendRequests()
      expect(await Promise.all(times(6, count))).toEqual(times(6, () => 10 * (killed + 2)))
    }
    const states = ['closed', 'half_open', 'open'].map((state) =>
      readMetric(gateway, `callbell_graphql_breaker_state{state="${state}"}`),
    )
    expect(await Promise.all(states)).toEqual([2, 0, 0])
    // The latest worker has joined the shared limiter.
    await expect.poll(() => readMetric(gateway, 'callbell_graphql_pace_alone')).toBe(0)
    const others = ['store_available', 'pace_alone', 'retry_budget_tokens', 'queue_length']
    expect(await Promise.all(others.map((name) => readMetric(gateway, `callbell_graphql_${name}`)))).toEqual([
      1, 0, 100, 0,
    ])
  })
})
