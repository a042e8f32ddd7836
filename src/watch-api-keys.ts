/** API keys are changed while the process runs: they are read again when their files change. */
import { watchFile } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { ConfigError } from './config.ts'
import type { ApiKey } from './http/authentication/api-key.ts'
import type { AuthenticationSettings } from './http/authentication/settings.ts'
import type { Logger } from './telemetry/log.ts'

export interface ApiKeyWatch {
  /** The keys to begin with. */
  readonly keys: readonly ApiKey[]
  /** Files that keys may come from. They need not exist. */
  readonly files: readonly string[]
  /**
   * Reads the settings anew, of which the keys alone are taken.
   *
   * @throws ConfigError: the keys stay as they are
   */
  readonly read: () => AuthenticationSettings
  readonly log: Logger
}

/** How often files are looked at, in milliseconds. */
const interval = 1000

type Reading = { readonly keys: readonly ApiKey[] } | { readonly problems: readonly string[] }

/** @returns a function that returns the keys that are good now */
export function watchApiKeys({ keys, files, read, log }: ApiKeyWatch): () => readonly ApiKey[] {
  let good = keys
  let last: Reading = { keys }
  const watched = new Set<string>()

  function watch(file: string): void {
    if (watched.has(file)) return
    watched.add(file)
    // By its state, not by the system's events: those are of an inode, which editors replace, and
    // Kubernetes changes what a symbolic link leads to.
    watchFile(file, { interval, persistent: false }, reload)
    // What has changed since the file was read, but before the first look, shows as no change.
    setTimeout(reload, interval).unref()
  }

  function readKeys(): Reading {
    try {
      const { apiKeys, apiKeysFile } = read()
      if (apiKeys === null) return { problems: ['GATEWAY_AUTH can be changed by a restart only'] }
      if (apiKeysFile !== null) watch(apiKeysFile)
      return { keys: apiKeys }
    } catch (error) {
      if (error instanceof ConfigError) return { problems: error.problems }
      throw error
    }
  }

  function reload(): void {
    const reading = readKeys()
    // A change of something else in the file is none of ours, and no problem is told twice.
    if (isDeepStrictEqual(reading, last)) return
    last = reading
    if ('keys' in reading) {
      good = reading.keys
      log.info({ names: good.map(({ name }) => name) }, `API keys read again, now ${good.length}`)
    } else {
      for (const problem of reading.problems) log.error(`API keys stay as they are: ${problem}`)
    }
  }

  for (const file of files) watch(file)
  return () => good
}
