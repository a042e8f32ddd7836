/** API keys by their digests, so that the configuration contains no key. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Scope } from '../../domain/caller.ts'

export interface ApiKey {
  /** The caller's name. Several keys may share it, so that a caller can rotate keys without downtime. */
  readonly name: string
  /** SHA-256 of the key. */
  readonly digest: Buffer
  readonly scopes: ReadonlySet<Scope>
}

/** Finds the key that a caller presents. Its duration reveals nothing about the digests. */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  // Node decodes header values as Latin-1: one character for each byte.
  const digest = hash('sha256', Buffer.from(presented, 'latin1'), 'buffer')
  let found: ApiKey | undefined
  for (const key of keys) if (timingSafeEqual(key.digest, digest)) found = key
  return found
}
