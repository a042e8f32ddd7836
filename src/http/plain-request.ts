/** Recognizes the request that most programs send, by its head and by the shape of its body. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '../domain/json.ts'
import { isObject, parseJson } from '../domain/json.ts'

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

/** The parameters of GraphQL over HTTP, without `extensions`, of which none changes what runs. */
export interface PlainParameters {
  readonly query: string
  readonly variables: JsonObject | undefined
  readonly operationName: string | undefined
}

/** @returns undefined for any other body, even a valid one */
export function readPlainBody(body: Buffer): PlainParameters | undefined {
  const parameters = isUtf8(body) ? parseJson(body.toString()) : undefined
  if (!isObject(parameters)) return undefined
  let [query, variables, operationName]: unknown[] = []
  for (const name of Object.keys(parameters)) {
    const value = parameters[name]
    if (name === 'query') query = value
    else if (name === 'variables') variables = value ?? undefined
    // An empty name means the same as none: GraphQL over HTTP says so for GET.
    else if (name === 'operationName') operationName = value === '' ? undefined : (value ?? undefined)
    else if (name !== 'extensions' || !isWithoutEffect(value)) return undefined
  }
  if (typeof query !== 'string') return undefined
  if (variables !== undefined && !isObject(variables)) return undefined
  if (operationName !== undefined && typeof operationName !== 'string') return undefined
  return { query, variables, operationName }
}

/** Apollo Client names itself and its version in each request. */
function isWithoutEffect(extensions: unknown): boolean {
  if (extensions === null) return true
  return isObject(extensions) && Object.keys(extensions).every((name) => name === 'clientLibrary')
}
