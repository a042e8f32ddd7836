/** Reads the body of a POST strictly: what is no UTF-8, or no JSON, is refused and not repaired. */
import type { GraphQLParams } from 'graphql-yoga'
import { RequestError } from '../graphql/request-error.ts'

/** Without `fatal`, a name that was sent as Latin-1 would be stored damaged. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * @param body rejects with Refused where it can't be had
 * @returns whatever the JSON holds: Yoga checks its shape
 * @throws Refused
 */
export async function readJsonBody(body: Promise<Buffer>): Promise<GraphQLParams> {
  const text = decode(await body)
  try {
    return JSON.parse(text)
  } catch {
    throw new RequestError({ status: 400, message: 'The request body must be JSON' })
  }
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new RequestError({ status: 400, message: 'The request body must be UTF-8' })
  }
}
