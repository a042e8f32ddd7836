import { expect, test } from 'vitest'
import { createRetryBudgets } from '../../../src/rate-limit/retry-budget.ts'
import { createTestContacts } from '../../support/test-contacts.ts'
import { createTestContext } from '../../support/test-context.ts'
import { startTestSandbox } from '../../support/test-sandbox.ts'
import { openMemoryStore } from '../../../src/store/memory.ts'

test('each caller has a budget of its own, and the smallest is told', () => {
  const budgets = createRetryBudgets()
  expect(budgets.tokens()).toBe(100)
  for (let spent = 0; spent < 100; spent += 1) expect(budgets.of('a').spend()).toBe(true)
  expect([budgets.of('a').spend(), budgets.of('b').spend(), budgets.tokens()]).toEqual([false, true, 0])
  for (let calls = 0; calls < 10; calls += 1) budgets.of('a').earn()
  expect([budgets.of('a').spend(), budgets.of('a').spend()]).toEqual([true, false])
})

test('of more than 1,000 callers the oldest budget is forgotten', () => {
  const budgets = createRetryBudgets()
  budgets.of('first').spend()
  for (let caller = 0; caller < 999; caller += 1) budgets.of(String(caller)).tokens()
  expect(budgets.of('first').tokens()).toBe(99)
  budgets.of('one more')
  expect(budgets.of('first').tokens()).toBe(100)
})

test('a caller whose calls fail takes no retry from another', async () => {
  const { sandbox } = await startTestSandbox()
  const { contacts, close } = createTestContacts(sandbox, openMemoryStore(), {
    timeoutMs: 5000,
    resendAfterMs: 60_000,
  })
  const [failing, other] = [createTestContext('failing'), createTestContext('other')]
  sandbox.failNext(...Array.from({ length: 400 }, () => ({ on: 'GET', status: 429 }) as const))
  const failed = await Promise.allSettled(Array.from({ length: 60 }, () => contacts.find('1', failing)))
  expect(failed.filter(({ status }) => status === 'fulfilled')).toEqual([])
  // 60 reads, and the 100 retries that its budget had.
  expect(failing.calls()).toBe(160)
  expect(await contacts.find('414a6d692bd645ed803f2e7ce360d4c8', other).catch(() => 'failed')).toBe('failed')
  expect(other.calls()).toBe(4)
  await close()
})
