/** The variables for what callers may do: their limits, origins, documents and the schema. */
import { z } from 'zod'
import { allowedHeaders, origins } from './cors-parsers.ts'
import { flag, wholeNumber } from './env-parsers.ts'
import { parsePersistedDocuments } from './persisted-documents-file.ts'
import { readText } from './text-file.ts'
import { variable } from './variable.ts'

const persistedDocuments = z
  .string()
  .transform((path, context) => {
    const file = readText(path)
    const reading = 'problem' in file ? file : parsePersistedDocuments(file.text)
    if ('documents' in reading) return reading.documents
    context.addIssue(reading.problem)
    return z.NEVER
  })
  .describe('a JSON file that maps ids to GraphQL documents')

const onLoopbackOnly = { common: 'true', rule: '`true` if `HOST` is a loopback address, else `false`' }

export const callerVariables = {
  GATEWAY_CALLER_RPS: variable(wholeNumber({ from: 0, to: 100_000, unit: 'calls' }), {
    default: '100',
    description:
      'The number of calls to Callbell that one caller may make in a second, with bursts of twice that. `0` means no limit.',
  }),
  GATEWAY_CALLER_STORE_MB: variable(wholeNumber({ from: 0, to: 1_000_000, unit: 'megabytes' }), {
    default: '64',
    description:
      'How much of the store the idempotency keys of one caller may use. A megabyte holds about a thousand keys. `0` means no limit.',
  }),
  CORS_ORIGINS: variable(origins(), {
    default: '',
    description: 'The exact origins whose pages and apps may call the gateway from a browser.',
  }),
  CORS_ALLOWED_HEADERS: variable(allowedHeaders(), {
    default: '',
    description:
      'Request headers that the pages of `CORS_ORIGINS` may send, besides those that clients usually send.',
  }),
  PERSISTED_DOCUMENTS: variable(persistedDocuments, {
    description: 'A file of documents that callers may name by their ids instead of sending them.',
  }),
  PERSISTED_DOCUMENTS_ONLY: variable(flag(), {
    default: 'false',
    description: 'Whether only the documents of `PERSISTED_DOCUMENTS` may run.',
  }),
}

export const schemaVariables = {
  GRAPHIQL: variable(flag(), {
    dependentDefault: onLoopbackOnly,
    description: 'Whether the gateway serves GraphiQL, the playground.',
  }),
  INTROSPECTION: variable(flag(), {
    dependentDefault: onLoopbackOnly,
    description: 'Whether callers may read the schema.',
  }),
}
