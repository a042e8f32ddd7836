/** The documented operations, each on a fresh sandbox as `npm start` fills it. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createTestGateway } from './support/test-gateway.ts'

const folder = 'schema/operations'
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.graphql'))
  .map((file) => file.replace('.graphql', ''))

test.each(names)('%s finds something, and complains of nothing', async (name) => {
  const gateway = await createTestGateway({ sandbox: { seed: 300 } })
  const query = readFileSync(`${folder}/${name}.graphql`, 'utf8')
  const variables: unknown = JSON.parse(readFileSync(`${folder}/${name}.variables.json`, 'utf8'))
  const { data, errors } = await gateway.execute<Record<string, unknown>, unknown>(query, variables)
  expect(errors).toBeUndefined()
  for (const [field, value] of Object.entries(data ?? {})) {
    expect([field, value]).not.toEqual([field, null])
    // Of a mutation: what it was made for.
    if (query.includes('userErrors')) expect(value).toMatchObject({ userErrors: [] })
  }
  expect(data).not.toEqual({})
})

test('every field and mutation of the schema has its operation', () => {
  const schema = readFileSync('schema/schema.graphql', 'utf8')
  const operations = names.map((name) => readFileSync(`${folder}/${name}.graphql`, 'utf8')).join('\n')
  const roots = ['Query', 'Mutation'].flatMap((type) => {
    const body = new RegExp(`^type ${type} \\{\n([\\s\\S]*?)^\\}`, 'm').exec(schema)?.[1] ?? ''
    return [...body.matchAll(/^ {2}(\w+)[(:]/gm)].map(([, field]) => field)
  })
  expect(roots.length).toBeGreaterThan(8)
  expect(roots.filter((field) => !new RegExp(`\\b${field}\\b`).test(operations))).toEqual([])
})
