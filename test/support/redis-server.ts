/** A Redis server for one test, on a free port. The test may kill and restart it. */
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

/** Whether `redis-server` is installed. CI requires it: no test is skipped there. */
export const hasRedis =
  spawnSync('redis-server', ['--version']).status === 0 || process.env['CI'] !== undefined

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** @param settings additional arguments for this start */
  start(settings?: readonly string[]): Promise<void>
  /** Kills the process, like a crash. */
  kill(): Promise<void>
  /** Stops the process: it keeps its connections, and answers nothing until `resume`. */
  suspend(): void
  resume(): void
  /** Like `CONFIG SET`. */
  configure(name: 'maxmemory' | 'maxmemory-policy', value: string): Promise<void>
  /** Runs a command. @returns its reply, as strings */
  run(...command: readonly string[]): Promise<string[]>
}

export interface RedisServerOptions {
  /** Whether data survives `kill`. Default: it restarts empty. */
  readonly keepsData?: boolean
  /** Whether stores see a new server and quarantine keys. Default: they see an old one. */
  readonly isNew?: boolean
  /** Additional arguments of `redis-server`. */
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
      // A replica writes a file with the data of its master. The next start must not load it.
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
    // The last log line is written before the socket accepts connections.
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
    suspend: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
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
