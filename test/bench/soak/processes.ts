/** Gateways as processes, which a soak ends in all ways and starts again. */
import type { ChildProcess } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { SettableClock } from './clock.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../../src/main.ts')

export interface Replica {
  readonly name: string
  /** Its wall clock, which outlives the process. */
  readonly clock: SettableClock
  /** Undefined while it is not there. */
  url: string | undefined
  start(): Promise<void>
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** In MB; undefined while it is not there. */
  memory(): Promise<number | undefined>
}

/** @param onLine called with each line of JSON that the gateway logs */
export function openReplica(
  name: string,
  clock: SettableClock,
  variables: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
): Replica {
  let child: ChildProcess | undefined

  const replica: Replica = {
    name,
    clock,
    url: undefined,
    async start() {
      const started = spawn(process.execPath, [...clock.nodeArguments, main], {
        env: { PORT: '0', LOG_LEVEL: 'error', ...clock.variables, ...variables },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child = started
      createInterface({ input: started.stdout }).on('line', (line) => {
        if (line.startsWith('{')) onLine(line)
      })
      const [, url] = await hasPrinted(started, /listening on (http:\S+?\/graphql)/)
      replica.url = url
    },
    async end(signal) {
      replica.url = undefined
      if (child) await end(child, signal)
    },
    async memory() {
      if (child?.pid === undefined || replica.url === undefined) return undefined
      const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(child.pid)]).catch(() => ({
        stdout: '',
      }))
      return stdout === '' ? undefined : Number(stdout) / 1024
    },
  }
  return replica
}

/** Waits until the process has printed something, and lets it print whatever it likes from then on. */
export async function hasPrinted({ stdout }: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  const found = Promise.withResolvers<RegExpExecArray>()
  let text = ''
  const look = (chunk: unknown): void => {
    text += String(chunk)
    const match = pattern.exec(text)
    if (match) found.resolve(match)
  }
  stdout?.on('data', look)
  stdout?.once('end', () => found.reject(new Error(`a process ended at its start: ${text}`)))
  try {
    return await found.promise
  } finally {
    stdout?.off('data', look)
    // What it prints from here on must not fill the pipe.
    stdout?.resume()
  }
}

/** Resolves when the process has ended. */
export async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}
