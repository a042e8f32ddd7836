import { getOperationAST, parse, validate } from 'graphql'
import { expect } from 'vitest'
import { schema } from '../../src/schema.ts'
import { PlanCache, PreparedOperation } from '../../src/operations/prepared-operation.ts'

/** @returns the calls to Callbell that the operation is admitted with */
export function costOf(text: string, variables: Readonly<Record<string, unknown>> = {}): number {
  const document = parse(text)
  expect(validate(schema, document)).toEqual([])
  const operation = getOperationAST(document) ?? expect.unreachable()
  const prepared = new PreparedOperation(schema, document, operation, new PlanCache(1000))
  return prepared.planFor(variables).calls(variables)
}
