/** graphql-js alone on `node:http`, every document parsed and validated once: what GraphQL costs on top. */
import { createServer } from 'node:http'
import { buildSchema, execute, parse, validate } from 'graphql'
import { listen, postContact } from './callbell.js'
import { resolversOf, typeDefs } from './contact.js'
import { answerJson, readJson } from './read-json.js'

const schema = buildSchema(typeDefs)
const resolvers = resolversOf(postContact)
for (const [name, resolve] of Object.entries(resolvers.Mutation)) {
  schema.getMutationType().getFields()[name].resolve = resolve
}
const documents = new Map()

function documentOf(query) {
  const cached = documents.get(query)
  if (cached) return cached
  const document = parse(query)
  const errors = validate(schema, document)
  if (errors.length > 0) throw errors[0]
  documents.set(query, document)
  return document
}

const server = createServer(async (request, response) => {
  const { query, variables } = await readJson(request)
  const result = await execute({ schema, document: documentOf(query), variableValues: variables })
  answerJson(response, 200, result)
})
listen(server, '/graphql')
