import type { Send } from 'callbell-graphql-client'
import { print } from 'graphql'

export const send: Send = async (document, variables, { signal }) => {
  const response = await fetch('http://127.0.0.1:4000/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
    signal,
  })
  return response.json()
}
