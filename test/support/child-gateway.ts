/** The gateway as a child process, like in an installed package. It is killed after the test if it still runs. */
import type { ChildProcessByStdio } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { inject, onTestFinished } from 'vitest'

export interface ChildGateway {
  /** Its working directory, which may contain `.env`. */
  readonly folder: string
  /** Resolves with the URL of the GraphQL endpoint once the process prints it. */
  readonly url: Promise<string>
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Its output so far. */
  output(): { readonly stdout: string; readonly stderr: string }
  kill(signal: NodeJS.Signals): void
  /** Its peak resident memory; undefined if the operating system has no `/proc`. */
  peakMemoryBytes(): number | undefined
}

/**
 * @param clockAheadMs how far its wall clock is ahead
 * @param dotEnv the content of its `.env`. Default: there is no such file
 */
export function startGateway(
  variables: Readonly<Record<string, string>> = {},
  clockAheadMs = 0,
  dotEnv?: string,
): ChildGateway {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
  if (dotEnv !== undefined) writeFileSync(join(folder, '.env'), dotEnv)
  const setClock = `data:text/javascript,const { now } = Date; Date.now = () => now() + ${clockAheadMs}`
  const child = spawn(process.execPath, ['--import', setClock, inject('main')], {
    // Only the given `.env`, and only the given variables.
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return followGateway(child, folder)
}

/** Observes a running gateway process. */
export function followGateway(
  child: ChildProcessByStdio<null, Readable, Readable>,
  folder: string,
): ChildGateway {
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let stdout = ''
  let stderr = ''
  const url = Promise.withResolvers<string>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    const found = /listening on (http:\S+?\/graphql)/.exec(stdout)?.[1]
    if (found) url.resolve(found)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  void ended.then(() => url.reject(new Error(`exited before it printed its address: ${stderr}`)))
  // Some tests do not wait for the address.
  url.promise.catch(() => undefined)
  return {
    folder,
    url: url.promise,
    ended,
    output: () => ({ stdout, stderr }),
    kill: (signal) => void child.kill(signal),
    peakMemoryBytes() {
      const file = `/proc/${child.pid}/status`
      if (!existsSync(file)) return undefined
      const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8')) ?? []
      return Number(kilobytes) * 1024
    },
  }
}
