/** Recognizes the request that most programs send, by its head and by the shape of its body. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

/** As programs write it: alone, or with JSON's only charset. */
const plainTypes: ReadonlySet<string | undefined> = new Set([
  'application/json',
  'application/json; charset=utf-8',
])

/** @returns whether the head is that of a plain request */
export function hasPlainHead({ method, url, headers }: IncomingMessage, path: string): boolean {
  return (
    method === 'POST' &&
    url === path &&
    plainTypes.has(headers['content-type']) &&
    headers['content-encoding'] === undefined
  )
}

/** The parameters of GraphQL over HTTP, without `extensions`. */
export interface PlainParameters {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>> | undefined
  readonly operationName: string | undefined
}

/** @returns undefined for any other body, even a valid one */
export function readPlainBody(body: Buffer): PlainParameters | undefined {
  const parameters = isUtf8(body) ? parseObject(body.toString()) : undefined
  if (parameters === undefined) return undefined
  let [query, variables, operationName]: unknown[] = []
  for (const name of Object.keys(parameters)) {
    const value = parameters[name]
    if (name === 'query') query = value
    else if (name === 'variables') variables = value ?? undefined
    else if (name === 'operationName') operationName = value ?? undefined
    else return undefined
  }
  if (typeof query !== 'string') return undefined
  if (variables !== undefined && !isPlainObject(variables)) return undefined
  if (operationName !== undefined && typeof operationName !== 'string') return undefined
  return { query, variables, operationName }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
