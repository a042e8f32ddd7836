/** API keys as the configuration lists them. */
import type { Scope } from '../domain/caller.ts'
import type { ApiKey } from '../http/auth/api-key.ts'

/** Lists of keys as `name:sha256-hex`, optionally with `:read`, `:write` or `:metrics`. */
export interface ApiKeySources {
  /** Separated by commas. */
  readonly GATEWAY_API_KEYS: string
  /** One on each line. Blank lines and lines that start with `#` are skipped. */
  readonly GATEWAY_API_KEYS_FILE: string
}

interface KeyEntry {
  /** Its variable and position there, for messages. */
  readonly location: string
  readonly text: string
}

const accessScopes: ReadonlyMap<string | undefined, ReadonlySet<Scope>> = new Map([
  // Without metrics, which show what other callers do: they need a key of their own.
  [undefined, new Set<Scope>(['contacts:read', 'contacts:write'])],
  ['read', new Set<Scope>(['contacts:read'])],
  ['write', new Set<Scope>(['contacts:write'])],
  ['metrics', new Set<Scope>(['metrics:read'])],
])

/**
 * Reads the keys of both sources, which add up.
 *
 * @returns the keys in their order, or every problem with its location. No message quotes an entry: a
 *   malformed one may be a key in clear text
 */
export function parseApiKeys(
  sources: ApiKeySources,
): { readonly keys: readonly ApiKey[] } | { readonly problems: readonly string[] } {
  const keys: ApiKey[] = []
  const problems: string[] = []
  /** The location of each digest. */
  const locations = new Map<string, string>()
  for (const { location, text } of entriesOf(sources)) {
    const key = parseEntry(text)
    if (typeof key === 'string') {
      problems.push(`${location} ${key}`)
      continue
    }
    const hex = key.digest.toString('hex')
    const first = locations.get(hex)
    if (first === undefined) {
      locations.set(hex, location)
      keys.push(key)
    } else {
      problems.push(`${location} is the same key as ${first}. Remove one of them`)
    }
  }
  return problems.length > 0 ? { problems } : { keys }
}

function entriesOf({ GATEWAY_API_KEYS, GATEWAY_API_KEYS_FILE }: ApiKeySources): KeyEntry[] {
  const items = GATEWAY_API_KEYS.split(',').map((text, index) => ({
    location: `GATEWAY_API_KEYS item ${index + 1}`,
    text: text.trim(),
  }))
  const lines = GATEWAY_API_KEYS_FILE.split('\n').map((text, index) => ({
    location: `GATEWAY_API_KEYS_FILE line ${index + 1}`,
    text: text.trim(),
  }))
  return [...items, ...lines.filter(({ text }) => !text.startsWith('#'))].filter(({ text }) => text !== '')
}

/** @returns the key, or its problem */
function parseEntry(text: string): ApiKey | string {
  const [name = '', hex = '', access, ...rest] = text.split(':')
  const granted = accessScopes.get(access)
  if (/^["']|["']$/.test(text)) return 'must not be in quotes. Remove them'
  if (!/^[\w.-]{1,64}$/.test(name)) {
    return 'must start with a name of 1 to 64 characters out of A-Z, a-z, 0-9, ".", "_" and "-"'
  }
  if (!/^[\da-f]{64}$/i.test(hex)) {
    return 'must have a SHA-256 hex digest (64 hex digits) after the name, never the key itself'
  }
  if (!granted || rest.length > 0) return 'must end after the digest, or with :read, :write or :metrics'
  return { name, digest: Buffer.from(hex, 'hex'), scopes: granted }
}
