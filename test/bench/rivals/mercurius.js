/** Mercurius on Fastify, which caches documents and compiles those that it has seen by its JIT. */
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { announce, postContact } from './callbell.js'
import { resolversOf, typeDefs } from './contact.js'

const app = Fastify()
await app.register(mercurius, { schema: typeDefs, resolvers: resolversOf(postContact), jit: 1 })
announce(`${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`)
