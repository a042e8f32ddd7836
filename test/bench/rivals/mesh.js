/**
 * GraphQL Mesh's OpenAPI handler, behind Yoga as in Mesh's own server. What it makes of a document is
 * fields and types with the document's names, so openapi.json has the gateway's names, and the
 * argument and the answer are mapped around the field that the handler made: Mesh's resolvers
 * composition does the same.
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { loadGraphQLSchemaFromOpenAPI } from '@omnigraph/openapi'
import { createYoga } from 'graphql-yoga'
import { fetch } from '@whatwg-node/fetch'
import { listen } from './callbell.js'
import { toPayload, toWire } from './contact.js'

const schema = await loadGraphQLSchemaFromOpenAPI('callbell', {
  source: join(import.meta.dirname, 'openapi.json'),
  endpoint: process.env.UPSTREAM,
  operationHeaders: { authorization: `Bearer ${process.env.TOKEN}` },
  fetch,
})
const field = schema.getMutationType().getFields().createContact
const { resolve } = field
field.resolve = async (parent, { input }, context, info) =>
  toPayload(await resolve(parent, { input: toWire(input) }, context, info))
listen(createServer(createYoga({ schema, logging: false })), '/graphql')
