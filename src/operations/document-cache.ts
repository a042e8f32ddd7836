/** Caches documents by their text. Unauthenticated clients can send any number, so that the size is limited. */
import type { DocumentNode } from 'graphql'
import { LRUCache } from 'lru-cache'

/** Characters of all documents together. A parsed document takes about a hundred times the memory of its text. */
const maxCharacters = 200_000
/** A longer document is parsed at each request. */
const maxCharactersOfOne = 20_000

/** @returns a cache of values by the text of a document */
export function createCacheByText<T extends {}>(): LRUCache<string, T> {
  return new LRUCache<string, T>({
    maxSize: maxCharacters,
    maxEntrySize: maxCharactersOfOne,
    sizeCalculation: (_known, text) => text.length + 1,
  })
}

/** @returns the caches that Yoga needs. Errors are not cached: invalid documents need not be fast. */
export function createDocumentCache() {
  return {
    documentCache: createCacheByText<DocumentNode>(),
    errorCache: { get: () => undefined, set: () => undefined },
  }
}
