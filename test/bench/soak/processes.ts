/** The processes of a soak, which it ends in all ways and starts again: a Redis, and gateways. */
import type { ChildProcess } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { listen } from '../../../src/listen.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../../src/main.ts')

export interface Redis {
  readonly url: string
  start(): Promise<void>
  kill(): Promise<void>
  hang(): void
  goOn(): void
}

/** A Redis that keeps what it was told: each answer waits until that is on the disk. */
export async function openRedis(folder: string): Promise<Redis> {
  const probe = createServer()
  const { port } = await listen(probe, 0, '127.0.0.1')
  probe.close()
  await once(probe, 'close')
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
    }
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    server = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    const failed = once(server, 'error').then(([error]) => {
      throw error
    })
    await Promise.race([hasPrinted(server, /Ready to accept connections/), failed])
  }

  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    async kill() {
      if (server) await end(server, 'SIGKILL')
    },
    hang: () => void server?.kill('SIGSTOP'),
    goOn: () => void server?.kill('SIGCONT'),
  }
}

export interface Replica {
  readonly name: string
  /** Undefined while it is not there. */
  url: string | undefined
  start(): Promise<void>
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** In MB; undefined while it is not there. */
  memory(): Promise<number | undefined>
}

/** @param logged counts what it logs as an error, by message */
export function openReplica(
  name: string,
  variables: Readonly<Record<string, string>>,
  logged: Map<string, number>,
): Replica {
  let child: ChildProcess | undefined

  function countLine(line: string): void {
    const level = /"level":(?:50|60)/.test(line)
    const message = /"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
    if (level && message !== undefined) logged.set(message, (logged.get(message) ?? 0) + 1)
  }

  const replica: Replica = {
    name,
    url: undefined,
    async start() {
      const started = spawn(process.execPath, [main], {
        env: { PORT: '0', LOG_LEVEL: 'error', ...variables },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child = started
      started.stdout.setEncoding('utf8').on('data', (text: string) => text.split('\n').forEach(countLine))
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

async function hasPrinted({ stdout }: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
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

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}
