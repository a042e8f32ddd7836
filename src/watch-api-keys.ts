/** API keys are changed while the process runs: they are read again when their files change. */
import { statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { ApiKey } from './http/auth/api-key.ts'
import type { AuthenticationSettings } from './http/authentication/settings.ts'
import type { Logger } from './telemetry/log.ts'

export interface ApiKeyWatch {
  /** The keys to begin with. */
  readonly keys: readonly ApiKey[]
  /** Files that keys may come from. They need not exist. */
  readonly files: readonly string[]
  /** Reads the settings anew, of which the keys alone are taken; with any problem they stay as they are. */
  readonly read: () =>
    { readonly settings: AuthenticationSettings } | { readonly problems: readonly string[] }
  readonly log: Logger
}

/** How often files are looked at, in milliseconds. */
const interval = 1000

type Reading = { readonly keys: readonly ApiKey[] } | { readonly problems: readonly string[] }

/** @returns a function that returns the keys that are good now */
export function watchApiKeys({ keys, files, read, log }: ApiKeyWatch): () => readonly ApiKey[] {
  let good = keys
  let last: Reading = { keys }
  /** What each file looked like when it was last read. */
  const stamps = new Map<string, string>()

  function watch(file: string): void {
    // None: what changes between the first reading and the first look is read by that look.
    if (!stamps.has(file)) stamps.set(file, '')
  }

  function look(): void {
    const changed = [...stamps].filter(([file, stamp]) => stampOf(file) !== stamp)
    if (changed.length === 0) return
    for (const [file] of changed) stamps.set(file, stampOf(file))
    // A change that leaves the mistake is a change, and may not look as if it had been taken.
    if ('problems' in last) last = { keys: good }
    reload()
  }

  function readKeys(): Reading {
    const reading = read()
    if ('problems' in reading) return reading
    const { apiKeys, apiKeysFile } = reading.settings
    if (apiKeys === null) return { problems: ['GATEWAY_AUTH can be changed by a restart only'] }
    if (apiKeysFile !== null) watch(apiKeysFile)
    return { keys: apiKeys }
  }

  function reload(): void {
    const reading = readKeys()
    // A change of something else in the file is none of ours.
    if (isDeepStrictEqual(reading, last)) return
    last = reading
    if ('keys' in reading) {
      good = reading.keys
      const names = good.map(({ name }) => name)
      // Nobody can call any more: whoever did it may want it, but must not do it unawares.
      log[good.length === 0 ? 'warn' : 'info']({ names }, `API keys read again, now ${good.length}`)
    } else {
      for (const problem of reading.problems) log.error(`API keys stay as they are: ${problem}`)
    }
  }

  for (const file of files) watch(file)
  setInterval(look, interval).unref()
  return () => good
}

/**
 * By its state, not by the system's events: those are of an inode, which editors replace, and
 * Kubernetes changes what a symbolic link leads to.
 */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return [ino, size, mtimeMs, ctimeMs].join()
  } catch {
    return 'not there'
  }
}
