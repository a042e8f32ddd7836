/** Which plan an operation runs as, and how many are kept: whatever the variables are. */
import { getOperationAST, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import type { PlanCache } from '../../src/operations/prepared-operation.ts'
import { createPlanCache, PreparedOperation } from '../../src/operations/prepared-operation.ts'
import { bodyOf, openLanes } from '../support/lanes.ts'

function prepare(text: string, plans: PlanCache, name?: string): PreparedOperation {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  const operation = getOperationAST(document, name) ?? expect.unreachable()
  return new PreparedOperation(schema, document, operation, plans)
}

test('a condition of one operation is no condition of another that has a variable of its name', () => {
  const plans = createPlanCache()
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

test('values that contain commas do not stand for other values', async () => {
  const query =
    'query B($p:Boolean!,$b:Boolean!,$q:Boolean!){a:__typename@skip(if:$p) b:__typename@skip(if:$b) c:__typename@skip(if:$q)} query A($p:ID!,$b:Boolean!,$q:ID!){yes:__typename@include(if:$b) no:__typename@skip(if:$b) contact(uuid:$p)@skip(if:true){uuid} c2:contact(uuid:$q)@skip(if:true){uuid}}'
  const { expectSameAtEachRun } = await openLanes()
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

test.each([
  ['with a field', '__typename ', 50],
  ['without a field', '', 0],
])('a document %s whose conditions are ever others fills a bounded cache', (_name, field, fields) => {
  const count = 48
  const names = Array.from({ length: count }, (_, number) => `v${number}`)
  const parts = names.map((name) => `...@skip(if:$${name}){${fields > 0 ? `${name}:` : ''}__typename}`)
  const selected = `{${field}${parts.join(' ')}}`
  const root = fields > 0 ? selected : `{...@skip(if:true)${selected}}`
  const plans = createPlanCache()
  const operation = prepare(`query(${names.map((name) => `$${name}:Boolean!`).join()})${root}`, plans)
  for (let number = 0; number < 3000; number += 1) {
    operation.planFor(
      Object.fromEntries(names.map((name, at) => [name, Math.floor(number / 2 ** at) % 2 === 1])),
    )
  }
  expect(plans.calculatedSize).toBeLessThanOrEqual(30_000)
  // Each weighs its fields and the length of its key.
  expect(plans.size).toBeLessThanOrEqual(30_000 / count)
  expect(plans.size).toBeGreaterThan(30_000 / (count + fields + 10))
})

test('plans of many operations share the bound', () => {
  const plans = createPlanCache()
  for (let number = 0; number < 200; number += 1) {
    prepare(`{${Array.from({ length: 400 }, (_, at) => `a${at}:__typename`).join(' ')}}`, plans).planFor({})
  }
  expect(plans.size).toBeGreaterThan(70)
  expect(plans.size).toBeLessThan(75)
})
