/** Apollo Server, standing alone, with its own REST data source: one for each request, as it is documented. */
import { RESTDataSource } from '@apollo/datasource-rest'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { resolversOf, typeDefs } from './contact.js'

class Callbell extends RESTDataSource {
  baseURL = `${process.env.UPSTREAM}/`

  willSendRequest(_path, request) {
    request.headers.authorization = `Bearer ${process.env.TOKEN}`
  }

  create(contact) {
    return this.post('contacts', { body: contact })
  }
}

const server = new ApolloServer({
  typeDefs,
  resolvers: {
    Mutation: {
      createContact: (parent, { input }, { callbell }) =>
        resolversOf((contact) => callbell.create(contact)).Mutation.createContact(parent, { input }),
    },
  },
})
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async () => ({ callbell: new Callbell({ cache: server.cache }) }),
})
process.stdout.write(`listening on ${url}graphql\n`)
