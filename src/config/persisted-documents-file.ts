/** The file of persisted documents. */
import { parse } from 'graphql'
import { z } from 'zod'
import { parseJson } from '../domain/json.ts'

const documentsById = z.record(z.string(), z.string())

type ParsedDocuments = { readonly documents: ReadonlyMap<string, string> } | { readonly problem: string }

/**
 * Parses what GraphQL Code Generator's client preset writes: a JSON object from ids to documents.
 *
 * @returns the documents by id, or the problem: the rest of a sentence that starts with the variable's name
 */
export function parsePersistedDocuments(text: string): ParsedDocuments {
  const parsed = documentsById.safeParse(parseJson(text))
  if (!parsed.success) return { problem: 'must be a JSON object that maps ids to GraphQL documents' }
  const documents = Object.entries(parsed.data)
  const invalid = documents.find(([, document]) => !isDocument(document))
  if (invalid)
    return {
      problem: `must map ids to GraphQL documents, but ${JSON.stringify(invalid[0])} has a syntax error`,
    }
  return { documents: new Map(documents) }
}

function isDocument(text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
