import { expect, test } from 'vitest'
import { createRetryBudgets } from '../../../src/rate-limit/retry-budget.ts'

test('each caller has its own budget, and the smallest is reported', () => {
  const budgets = createRetryBudgets()
  expect(budgets.tokens()).toBe(100)
  for (let spent = 0; spent < 100; spent += 1) expect(budgets.of('a').spend()).toBe(true)
  expect([budgets.of('a').spend(), budgets.of('b').spend(), budgets.tokens()]).toEqual([false, true, 0])
  for (let calls = 0; calls < 10; calls += 1) budgets.of('a').earn()
  expect([budgets.of('a').spend(), budgets.of('a').spend()]).toEqual([true, false])
})

test('of more than 1,000 callers the oldest budget is dropped', () => {
  const budgets = createRetryBudgets()
  budgets.of('first').spend()
  for (let caller = 0; caller < 999; caller += 1) budgets.of(String(caller)).tokens()
  expect(budgets.of('first').tokens()).toBe(99)
  budgets.of('one more')
  expect(budgets.of('first').tokens()).toBe(100)
})

test('a refund returns one token, and a budget never has more than 100', () => {
  const budget = createRetryBudgets().of('a')
  for (let calls = 0; calls < 50; calls += 1) budget.earn()
  expect(budget.tokens()).toBe(100)
  budget.refund()
  expect(budget.tokens()).toBe(100)
  for (let spent = 0; spent < 10; spent += 1) budget.spend()
  budget.refund()
  expect(budget.tokens()).toBe(91)
})
