/** The CHANGELOG names every change since the last release that breaks clients. */
import { readFileSync } from 'node:fs'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'

/** @returns the coordinates of all breaking changes that the text does not name in backticks */
async function unnamedChanges(released: string, current: string, text: string): Promise<string[]> {
  const changes = await diff(buildSchema(released), buildSchema(current))
  const coordinates = changes
    // The inspector classifies a changed default value only as dangerous.
    .filter(
      ({ type, criticality }) => criticality.level === CriticalityLevel.Breaking || type.includes('DEFAULT'),
    )
    .map(({ path, message }) => path ?? message)
  return [...new Set(coordinates)].filter((coordinate) => !text.includes(`\`${coordinate}\``)).toSorted()
}

/** The section of the latest version in the CHANGELOG. */
function currentBlock(): string {
  const [, block = ''] = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m)
  return block
}

test('the CHANGELOG names each breaking change since schema/released.graphql by its coordinate', async () => {
  const [released, current] = ['released', 'schema'].map((name) =>
    readFileSync(`schema/${name}.graphql`, 'utf8'),
  )
  expect(await unnamedChanges(released ?? '', current ?? '', currentBlock())).toEqual([])
})

const before = `
type Query { contact(uuid: ID!, first: Int = 20): Contact gone: Int }
type Contact { name: String! }
enum Source { WHATSAPP FAX }
input Filter { source: Source }
type Removed { a: Int }`
const after = `
type Query { contact(uuid: ID!, first: Int = 10, filter: Filter!): Contact added: Int }
type Contact { name: String note: String }
enum Source { WHATSAPP SMS }
input Filter { source: Source teamUuid: ID! tags: [String!] }`

const breaking = [
  'Contact.name',
  'Filter.teamUuid',
  'Query.contact.filter',
  'Query.contact.first',
  'Query.gone',
  'Removed',
  'Source.FAX',
]

test('each kind of breaking change is found, and additions are not', async () => {
  expect(await unnamedChanges(before, after, '')).toEqual(breaking)
})

test('a named change does not count', async () => {
  expect(await unnamedChanges(before, after, '- `Query.gone` and `Source.FAX` are removed.')).toEqual(
    breaking.filter((coordinate) => !['Query.gone', 'Source.FAX'].includes(coordinate)),
  )
})
