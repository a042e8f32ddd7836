/** Reads the body of a POST strictly: what is no UTF-8, or no JSON, is refused and not repaired. */
import type { IncomingMessage } from 'node:http'
import type { GraphQLParams } from 'graphql-yoga'
import { readBody } from './read-body.ts'
import { Refused } from '../graphql/refused.ts'

/** Without `fatal`, a name that was sent as Latin-1 would be stored damaged. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * @returns whatever the JSON holds: Yoga checks its shape
 * @throws Refused
 */
export async function readJsonBody(request: IncomingMessage): Promise<GraphQLParams> {
  const text = decode(await readBody(request))
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused({ status: 400, message: 'The request body must be JSON' })
  }
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Refused({ status: 400, message: 'The request body must be UTF-8' })
  }
}
