/** The typed client in source. test/system/package.test.ts tests the packed one in frontends. */
import { readFileSync } from 'node:fs'
import { buildSchema, isEnumType, isInputObjectType, isIntrospectionType, parse, print } from 'graphql'
import { expect, test } from 'vitest'
import * as client from '../../../src/client/documents.ts'
import { readDocumentedOperations } from '../../../src/http/playground/documented-operations.ts'

test('the client exports the documented operations, and nothing else at run time', async () => {
  const operations = await readDocumentedOperations()
  expect(
    Object.fromEntries(Object.entries(client).map(([name, document]) => [name, print(document)])),
  ).toEqual(Object.fromEntries(operations.map(({ name, query }) => [`${name}Document`, print(parse(query))])))
})

test('the client has the type of every input and every enum', () => {
  const source = readFileSync('src/client/documents.ts', 'utf8')
  const named = Object.values(buildSchema(readFileSync('schema/schema.graphql', 'utf8')).getTypeMap())
    .filter((type) => (isEnumType(type) || isInputObjectType(type)) && !isIntrospectionType(type))
    .map(({ name }) => name)
  expect(named).toContain('CreateContactInput')
  expect(named.filter((name) => !source.includes(`export type ${name} =`))).toEqual([])
})
