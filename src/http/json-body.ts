/** Reads the body of a POST strictly: what is no UTF-8, or no JSON, is refused and not repaired. */
import { GraphQLError } from 'graphql'
import type { GraphQLParams } from 'graphql-yoga'

/**
 * A request parser for Yoga. Its own would put U+FFFD where bytes are no UTF-8, and a name that
 * was sent as Latin-1 would be stored damaged.
 *
 * @throws GraphQLError `BAD_REQUEST`
 */
export async function readJsonBody(request: Request): Promise<GraphQLParams> {
  const bytes = await request.arrayBuffer()
  const text = decode(bytes)
  try {
    return JSON.parse(text)
  } catch {
    throw refused('The request body must be JSON')
  }
}

function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refused('The request body must be UTF-8')
  }
}

function refused(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } })
}
