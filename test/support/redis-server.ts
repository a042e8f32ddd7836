/** A real Redis of the test's own, on a free port, which it may kill and start again. */
import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/listen.ts'
import { pretendAge } from './redis-epoch.ts'

/** Whether there is a `redis-server` on the PATH. On CI there must be: nothing is skipped there. */
export const hasRedis =
  spawnSync('redis-server', ['--version']).status === 0 || process.env['CI'] !== undefined

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** @param settings further arguments, this time */
  start(settings?: readonly string[]): Promise<void>
  /** As a crash would end it. */
  kill(): Promise<void>
  /** It keeps its connections, and answers nothing until it goes on. */
  hang(): void
  goOn(): void
  /** As `CONFIG SET` does. */
  configure(name: 'maxmemory' | 'maxmemory-policy', value: string): Promise<void>
  /** Runs a command. @returns its reply, as texts */
  run(...command: readonly string[]): Promise<string[]>
}

export interface RedisServerOptions {
  /** Whether what it was told outlives `kill`. Default: it comes back empty. */
  readonly keepsData?: boolean
  /** Whether it is seen to be new, so that stores quarantine keys. Default: it seems to have been there for long. */
  readonly isNew?: boolean
  /** Further arguments of `redis-server`. */
  readonly settings?: readonly string[]
}

export async function startRedis({
  keepsData = false,
  isNew = false,
  settings = [],
}: RedisServerOptions = {}): Promise<RedisServer> {
  const probe = createServer()
  const { port } = await listen(probe, 0, '127.0.0.1')
  probe.close()
  await once(probe, 'close')
  const persistence = keepsData ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined

  async function start(more: readonly string[] = []): Promise<void> {
    const options = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      // A replica writes a file with what its master has; the next start is not to find it.
      keepsData ? folder : mkdtempSync(join(tmpdir(), 'redis-')),
      '--save',
      '',
      ...persistence,
      ...settings,
      ...more,
    ]
    server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const chunk of server.stdout ?? []) {
      if (String(chunk).includes('Ready to accept connections')) break
    }
    // The log's last line comes before the socket takes connections.
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.destroy()
    if (!isNew) await pretendAge(url)
  }

  async function kill(): Promise<void> {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }

  onTestFinished(kill)
  await start()
  return {
    url,
    port,
    start,
    kill,
    hang: () => void server?.kill('SIGSTOP'),
    goOn: () => void server?.kill('SIGCONT'),
    async configure(name, value) {
      const client = createClient({ url })
      await client.connect()
      await client.configSet(name, value)
      await client.close()
    },
    async run(...command) {
      const client = createClient({ url })
      await client.connect()
      try {
        const reply: unknown = await client.sendCommand(command)
        return [reply].flat().map(String)
      } finally {
        await client.close()
      }
    },
  }
}
