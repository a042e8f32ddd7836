/** Documents that were read before. Strangers send new ones for free, so this is bounded by size. */
import type { DocumentNode } from 'graphql'
import { LRUCache } from 'lru-cache'

/** Characters of all documents together. Read, a document takes about a hundred times its text in memory. */
const mostCharacters = 200_000
/** A longer one is read each time. */
const mostCharactersOfOne = 20_000

/** @returns a cache of something that is known of documents, by their texts */
export function createCacheByText<T extends {}>(): LRUCache<string, T> {
  return new LRUCache<string, T>({
    maxSize: mostCharacters,
    maxEntrySize: mostCharactersOfOne,
    sizeCalculation: (_known, text) => text.length + 1,
  })
}

/** @returns the caches that Yoga asks for. Errors are not kept: what is wrong need not be fast. */
export function createDocumentCache() {
  return {
    documentCache: createCacheByText<DocumentNode>(),
    errorCache: { get: () => undefined, set: () => undefined },
  }
}
