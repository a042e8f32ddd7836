/** API keys, by their digests: nobody can read a key out of a configuration. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Scope } from '../../domain/caller.ts'

export interface ApiKey {
  /** Several keys may share one, so that a caller can change keys without a gap. */
  readonly name: string
  /** SHA-256 of the key. */
  readonly digest: Buffer
  readonly scopes: ReadonlySet<Scope>
}

/** Finds a key that a caller presents. The time that it takes reveals nothing about the digests. */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  // Header values are bytes, which Node gives one character each.
  const digest = hash('sha256', Buffer.from(presented, 'latin1'), 'buffer')
  let found: ApiKey | undefined
  for (const key of keys) if (timingSafeEqual(key.digest, digest)) found = key
  return found
}
