import type { Send } from 'callbell-graphql-client'
import { request } from 'graphql-request'

export const send: Send = async (document, variables, { signal }) => ({
  data: await request({ url: 'http://127.0.0.1:4000/graphql', document, variables, signal }),
})
