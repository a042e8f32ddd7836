/** GraphQL Yoga as it comes: it caches documents by itself. */
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { listen, postContact } from './callbell.js'
import { resolversOf, typeDefs } from './contact.js'

const schema = createSchema({ typeDefs, resolvers: resolversOf(postContact) })
listen(createServer(createYoga({ schema, logging: false })), '/graphql')
