/** Which plan an operation runs with, and how many plans are cached, for any variables. */
import { getOperationAST, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../src/schema.ts'
import { readDocumentedOperations } from '../../src/http/playground/documented-operations.ts'
import { PlanCache, PreparedOperation } from '../../src/operations/prepared-operation.ts'
import { bodyOf, openPaths } from '../support/both-paths.ts'

function prepare(text: string, plans: PlanCache, name?: string): PreparedOperation {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  const operation = getOperationAST(document, name) ?? expect.unreachable()
  return new PreparedOperation(schema, document, operation, plans)
}

test('a variable that is a condition in another operation does not change the plan', () => {
  const plans = new PlanCache(1000)
  const operation = prepare(
    'query A($x:ID!,$b:Boolean!){contact(uuid:$x)@skip(if:$b){uuid}} query B($x:Boolean!){...F} fragment F on Query{__typename@skip(if:$x)}',
    plans,
    'A',
  )
  const first = operation.planFor({ x: 'x'.repeat(75_000), b: false })
  expect(operation.planFor({ x: 'true,false', b: false })).toBe(first)
  expect(operation.planFor({ x: 'x', b: true })).not.toBe(first)
  expect(plans.size).toBe(2)
})

test('values that contain commas are not confused with other values', async () => {
  const query =
    'query B($p:Boolean!,$b:Boolean!,$q:Boolean!){a:__typename@skip(if:$p) b:__typename@skip(if:$b) c:__typename@skip(if:$q)} query A($p:ID!,$b:Boolean!,$q:ID!){yes:__typename@include(if:$b) no:__typename@skip(if:$b) contact(uuid:$p)@skip(if:true){uuid} c2:contact(uuid:$q)@skip(if:true){uuid}}'
  const { expectSameAtEachRun } = await openPaths()
  const bodies = []
  for (const variables of [
    { p: 'p', b: true, q: 'q,false,r' },
    { p: 'p,true,q', b: false, q: 'r' },
  ]) {
    const { body } = await expectSameAtEachRun(bodyOf(query, variables, { operationName: 'A' }), 3)
    bodies.push(JSON.parse(body))
  }
  expect(bodies).toEqual([{ data: { yes: 'Query' } }, { data: { no: 'Query' } }])
})

const count = 48
const names = Array.from({ length: count }, (_, number) => `v${number}`)
const defined = names.map((name) => `$${name}:Boolean!`).join()
const conditional = names.map((name) => `...@skip(if:$${name}){${name}:__typename}`).join(' ')

test.each([
  // 3,000 combinations would be 300,000 planned fields.
  ['with fields', `{${conditional}}`],
  ['without fields', `{...@skip(if:true){${conditional}}}`],
])('a document %s whose conditions always differ has a limited number of cached plans', (_name, selected) => {
  const text = `query(${defined})${selected}`
  const plans = new PlanCache(text.length)
  const operation = prepare(text, plans)
  let most = 0
  for (let number = 0; number < 3000; number += 1) {
    operation.planFor(
      Object.fromEntries(names.map((name, at) => [name, Math.floor(number / 2 ** at) % 2 === 1])),
    )
    most = Math.max(most, plans.size)
  }
  // Each weighs its fields, the letters of its conditions, and three.
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(text.length / 4 / (count + 3))
})

test('the plans of all documented operations are cached', async () => {
  for (const { query, variables, name } of await readDocumentedOperations()) {
    const plans = new PlanCache(query.length)
    const operation = prepare(query, plans, name)
    const given = operation.coerceVariables(JSON.parse(variables)) ?? expect.unreachable()
    expect(operation.planFor(given)).toBe(operation.planFor(given))
    expect([name, plans.size]).toEqual([name, 1])
  }
})
