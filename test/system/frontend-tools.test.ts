/** Compilers of frontends accept the published schema: Relay's, and the client preset of GraphQL Code Generator. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const schema = resolve('schema/schema.graphql')
const bin = resolve('node_modules/.bin')
const run = promisify(execFile)

/** A list with infinite scroll, a page that can be refetched, and an edit whose answer updates both. */
const relayApp = `
const list = graphql\`
  fragment App_contacts on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "AppContactsQuery") {
    contacts(first: $count, after: $cursor) @connection(key: "App_contacts") {
      edges { node { name tags } }
    }
  }
\`
const page = graphql\`
  fragment App_contact on Contact @refetchable(queryName: "AppContactQuery") {
    name
    messages(first: 20) { edges { node { text } } }
  }
\`
const edit = graphql\`
  mutation AppUpdateMutation($input: UpdateContactInput!) {
    updateContact(input: $input) { contact { ...App_contact } userErrors { field message code } }
  }
\`
`

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'frontend-'))
  mkdirSync(join(folder, 'src'))
  return folder
}

test('the Relay compiler accepts a connection, a refetchable contact and a mutation', async () => {
  const folder = createFolder()
  writeFileSync(join(folder, 'src', 'App.js'), relayApp)
  const settings = { src: './src', language: 'javascript', schema, customScalarTypes: { DateTime: 'string' } }
  writeFileSync(join(folder, 'relay.config.json'), JSON.stringify(settings))
  await run(join(bin, 'relay-compiler'), ['relay.config.json'], { cwd: folder })
  expect(readdirSync(join(folder, 'src', '__generated__')).toSorted()).toEqual([
    'AppContactQuery.graphql.js',
    'AppContactsQuery.graphql.js',
    'AppUpdateMutation.graphql.js',
    'App_contact.graphql.js',
    'App_contacts.graphql.js',
  ])
  const refetch = readFileSync(join(folder, 'src', '__generated__', 'AppContactQuery.graphql.js'), 'utf8')
  expect(refetch).toContain('node(id: $id)')
})

test('the client preset of GraphQL Code Generator types an operation of one’s own', async () => {
  const folder = createFolder()
  writeFileSync(
    join(folder, 'src', 'app.ts'),
    `import { graphql } from './gql'
    graphql(\`query OwnQuery($uuid: ID!) { contact(uuid: $uuid) { id name team { id name } } }\`)`,
  )
  const settings = {
    schema,
    documents: [join(folder, 'src', 'app.ts')],
    generates: { [join(folder, 'src', 'gql/')]: { preset: 'client' } },
  }
  const config = join(folder, 'codegen.json')
  writeFileSync(config, JSON.stringify(settings))
  await run(join(bin, 'graphql-codegen'), ['--config', config, '--silent'])
  const types = readFileSync(join(folder, 'src', 'gql', 'graphql.ts'), 'utf8')
  expect(types).toContain('OwnQueryDocument')
  expect(types).toContain('export type OwnQueryQueryVariables')
})
