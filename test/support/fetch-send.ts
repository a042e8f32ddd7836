/** Sends operations of the client with `fetch`. */
import { print } from 'graphql'
import type { Send, SendResult } from '../../src/client/index.ts'

/** @param answered called with each answer of the gateway */
export function fetchSend(url: string, answered: (answer: SendResult) => void = () => undefined): Send {
  return async (document, variables, { signal }) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: print(document), variables }),
      signal,
    })
    const answer: SendResult = await response.json()
    answered(answer)
    return answer
  }
}
