import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
import type { Send } from 'callbell-graphql-client'

const client = new ApolloClient({
  link: new HttpLink({ uri: 'http://127.0.0.1:4000/graphql' }),
  cache: new InMemoryCache(),
})

export const send: Send = (mutation, variables, { signal }) =>
  client.mutate({ mutation, variables, context: { fetchOptions: { signal } } })
