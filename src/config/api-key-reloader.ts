/** Reloads the API keys when their files change, so that keys can be changed without a restart. */
import { statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { ApiKey } from '../http/auth/api-key.ts'
import type { Logger } from '../domain/logger.ts'
import type { AuthenticationSettings } from './authentication.ts'

export interface ApiKeyWatchOptions {
  /** The keys at the start. */
  readonly keys: readonly ApiKey[]
  /** Files that keys may come from. They need not exist. */
  readonly files: readonly string[]
  /** Reads the settings again. Only their keys are used; if there is any problem, the keys do not change. */
  readonly read: () =>
    { readonly settings: AuthenticationSettings } | { readonly problems: readonly string[] }
  /** Logs each change of the keys, and why a change was not taken over. */
  readonly log: Logger
}

/** Milliseconds between two checks of the files. */
const checkEveryMs = 1000

type ReadKeys = { readonly keys: readonly ApiKey[] } | { readonly problems: readonly string[] }

/** @returns a function that returns the keys that are valid now */
export function watchApiKeys({ keys, files, read, log }: ApiKeyWatchOptions): () => readonly ApiKey[] {
  let valid = keys
  let last: ReadKeys = { keys }
  /** The state of each file when it was last read. */
  const states = new Map<string, string>()

  function watch(file: string): void {
    // Without a state, the first check reads the file: it may have changed since the start.
    if (!states.has(file)) states.set(file, '')
  }

  function checkFiles(): void {
    const changed = [...states].filter(([file, state]) => stateOf(file) !== state)
    if (changed.length === 0) return
    for (const [file] of changed) states.set(file, stateOf(file))
    // A change that does not fix the problem is logged again: it must not seem to have been taken over.
    if ('problems' in last) last = { keys: valid }
    reload()
  }

  function readKeys(): ReadKeys {
    const reading = read()
    if ('problems' in reading) return reading
    const { apiKeys, apiKeysFile } = reading.settings
    if (apiKeys === null) return { problems: ['GATEWAY_AUTH can only be changed by a restart'] }
    if (apiKeysFile !== null) watch(apiKeysFile)
    return { keys: apiKeys }
  }

  function reload(): void {
    const reading = readKeys()
    // The file may have changed in something other than the keys.
    if (isDeepStrictEqual(reading, last)) return
    last = reading
    if ('keys' in reading) {
      valid = reading.keys
      const names = valid.map(({ name }) => name)
      // Without keys, all callers are refused. The operator may intend it, but must notice it.
      log[valid.length === 0 ? 'warn' : 'info']({ names }, `API keys reloaded, now ${valid.length}`)
    } else {
      for (const problem of reading.problems) log.error(`API keys not reloaded: ${problem}`)
    }
  }

  for (const file of files) watch(file)
  setInterval(checkFiles, checkEveryMs).unref()
  return () => valid
}

/**
 * By the file's status, not by events of the file system: events belong to an inode, but editors replace
 * the inode, and Kubernetes changes the target of a symbolic link.
 *
 * @returns a string that differs after each change
 */
function stateOf(file: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file)
    return [ino, size, mtimeMs, ctimeMs].join()
  } catch {
    return 'missing'
  }
}
