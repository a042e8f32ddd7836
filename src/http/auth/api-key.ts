/** API keys: only their digests are known here, so that nobody can read a key out of a configuration. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Scope } from '../../domain/caller.ts'

export interface ApiKey {
  /** Several keys may share one, so that a caller can change keys without a gap. */
  readonly name: string
  /** SHA-256 of the key. */
  readonly digest: Buffer
  readonly scopes: ReadonlySet<Scope>
}

/** Texts that list keys as `name:sha256-hex`, optionally with `:read`, `:write` or `:metrics`. */
export interface ApiKeySources {
  /** Separated by commas. */
  readonly GATEWAY_API_KEYS: string
  /** One a line; blank lines and those that start with `#` say nothing. */
  readonly GATEWAY_API_KEYS_FILE: string
}

interface Entry {
  /** Where it stands, for messages. */
  readonly place: string
  readonly text: string
}

const accessScopes: ReadonlyMap<string | undefined, ReadonlySet<Scope>> = new Map([
  // Not metrics: those tell of other callers, and are asked for by a key of their own.
  [undefined, new Set<Scope>(['contacts:read', 'contacts:write'])],
  ['read', new Set<Scope>(['contacts:read'])],
  ['write', new Set<Scope>(['contacts:write'])],
  ['metrics', new Set<Scope>(['metrics:read'])],
])

/**
 * Reads the keys of both sources, which add up.
 *
 * @returns the keys in their order, or every problem by its place. No message quotes an entry: what
 *   is malformed may be a key in clear
 */
export function parseApiKeys(
  sources: ApiKeySources,
): { readonly keys: readonly ApiKey[] } | { readonly problems: readonly string[] } {
  const keys: ApiKey[] = []
  const problems: string[] = []
  /** Where each digest stands. */
  const places = new Map<string, string>()
  for (const { place, text } of entriesOf(sources)) {
    const key = parseEntry(text)
    if (typeof key === 'string') {
      problems.push(`${place} ${key}`)
      continue
    }
    const hex = key.digest.toString('hex')
    const first = places.get(hex)
    if (first === undefined) {
      places.set(hex, place)
      keys.push(key)
    } else {
      problems.push(`${place} is the same key as ${first}`)
    }
  }
  return problems.length > 0 ? { problems } : { keys }
}

/** Finds a key that a caller presents. The time that it takes tells nothing about the digests. */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  // Header values are bytes, which Node gives one character each.
  const digest = hash('sha256', Buffer.from(presented, 'latin1'), 'buffer')
  let found: ApiKey | undefined
  for (const key of keys) if (timingSafeEqual(key.digest, digest)) found = key
  return found
}

function entriesOf({ GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE }: ApiKeySources): Entry[] {
  const items = GATEWAY_API_KEYS.split(',').map((text, index) => ({
    place: `GATEWAY_API_KEYS item ${index + 1}`,
    text: text.trim(),
  }))
  const lines = GATEWAY_API_KEYS_FILE.split('\n').map((text, index) => ({
    place: `GATEWAY_API_KEYS_FILE line ${index + 1}`,
    text: text.trim(),
  }))
  return [...items, ...lines.filter(({ text }) => !text.startsWith('#'))].filter(({ text }) => text !== '')
}

/** @returns the key, or what is wrong with it */
function parseEntry(text: string): ApiKey | string {
  const [name = '', hex = '', access, ...rest] = text.split(':')
  const granted = accessScopes.get(access)
  if (/^["']|["']$/.test(text)) return 'must not be in quotes'
  if (!/^[\w.-]{1,64}$/.test(name)) {
    return 'must start with a name: 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-"'
  }
  if (!/^[\da-f]{64}$/i.test(hex)) {
    return 'must have a SHA-256 hex digest (64 hex digits) after the name, never the key itself'
  }
  if (!granted || rest.length > 0) return 'must end after the digest, or with :read, :write or :metrics'
  return { name, digest: Buffer.from(hex, 'hex'), scopes: granted }
}
