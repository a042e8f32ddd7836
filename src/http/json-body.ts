/** Reads the body of a POST strictly: invalid UTF-8 or JSON is rejected, and never repaired. */
import type { GraphQLParams } from 'graphql-yoga'
import { RequestError } from '../graphql/request-error.ts'

/** Without `fatal`, a name that was sent as Latin-1 would be stored damaged. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * @param body rejects with a RequestError where it cannot be read
 * @returns any JSON value: Yoga checks its shape
 * @throws RequestError (400)
 */
export async function readJsonBody(body: Promise<Buffer>): Promise<GraphQLParams> {
  const text = decode(await body)
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `The request body is not valid JSON${positionIn(error, text)}.`
    throw new RequestError({ status: 400, message })
  }
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new RequestError({ status: 400, message: 'The request body is not valid UTF-8.' })
  }
}

/** V8's own message quotes the body, so that only its position is shown. It has none for an unexpected token. */
function positionIn(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : ''
  const [, position] = / at position (\d+) \(line \d+ column \d+\)$/.exec(message) ?? []
  if (position !== undefined) return ` (position ${position})`
  return message === 'Unexpected end of JSON input' ? ` (position ${text.length})` : ''
}
