import { Client, fetchExchange } from '@urql/core'
import type { Send } from 'callbell-graphql-client'

const client = new Client({ url: 'http://127.0.0.1:4000/graphql', exchanges: [fetchExchange] })

export const send: Send = async (document, variables, { signal }) => {
  const { data, error } = await client.mutation(document, variables, { fetchOptions: { signal } })
  if (error?.networkError) throw error.networkError
  return { data, errors: error?.graphQLErrors }
}
