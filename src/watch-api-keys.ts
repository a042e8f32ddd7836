/** API keys are changed while the process runs: they are read again when their files change. */
import { watchFile } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { ApiKey } from './http/authentication/api-key.ts'
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
  const watched = new Set<string>()

  function watch(file: string): void {
    if (watched.has(file)) return
    watched.add(file)
    // By its state, not by the system's events: those are of an inode, which editors replace, and
    // Kubernetes changes what a symbolic link leads to.
    watchFile(file, { interval, persistent: false }, () => {
      // A change that leaves the mistake is a change, and may not look as if it had been taken.
      if ('problems' in last) last = { keys: good }
      reload()
    })
    // What has changed since the file was read, but before the first look, shows as no change.
    setTimeout(reload, interval).unref()
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
  return () => good
}
