import { expect, test } from 'vitest'
import { openMemoryStore } from '../../src/store/memory.ts'
import { httpAnswer, startRawUpstream } from '../support/raw-upstream.ts'
import { createTestContacts } from '../support/test-contacts.ts'
import { createTestContext } from '../support/test-context.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { startTestSandbox } from '../support/test-sandbox.ts'

test('failed calls of one caller use no retry of another caller', async () => {
  const { sandbox } = await startTestSandbox()
  const { contacts, close } = createTestContacts(sandbox, openMemoryStore(), {
    timeoutMs: 60_000,
    resendAfterMs: 60_000,
  })
  const [failing, other] = [createTestContext('failing'), createTestContext('other')]
  sandbox.failNext(...Array.from({ length: 400 }, () => ({ on: 'GET', status: 429 }) as const))
  const failed = await Promise.allSettled(Array.from({ length: 60 }, () => contacts.find('1', failing)))
  expect(failed.filter(({ status }) => status === 'fulfilled')).toEqual([])
  // 60 reads, and the 100 retries of its budget.
  expect(failing.calls()).toBe(160)
  expect(await contacts.find('414a6d692bd645ed803f2e7ce360d4c8', other).catch(() => 'failed')).toBe('failed')
  expect(other.calls()).toBe(4)
  await close()
})

test('the budget allows a hundred retries, and then one for each ten calls', async () => {
  const refused = httpAnswer('429 Too Many Requests', '', 'retry-after: 0\r\n')
  const upstream = await startRawUpstream((socket) => socket.write(refused))
  const { contacts } = await createTestGateway({ url: upstream.url, maxRps: 0, timeoutMs: 20_000 })
  const fields = 200
  const context = createTestContext()
  const outcomes = await Promise.all(
    Array.from({ length: fields }, (_, number) => {
      const wanted = { identifier: `+39023000${number}`, source: 'whatsapp', name: 'Ada' } as const
      return contacts.create(wanted, context).catch(({ code }) => code)
    }),
  )
  expect(new Set(outcomes)).toEqual(new Set(['CALLBELL_RATE_LIMITED']))
  expect(upstream.requests.length).toBeGreaterThanOrEqual(fields + 100)
  expect(upstream.requests.length).toBeLessThanOrEqual(fields + 100 + fields / 10)
  expect(context.calls()).toBe(upstream.requests.length)
})
