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

/** Whether there is a `redis-server` on the PATH. On CI there must be: nothing is skipped there. */
export const hasRedis =
  spawnSync('redis-server', ['--version']).status === 0 || process.env['CI'] !== undefined

export interface RedisServer {
  readonly url: string
  start(): Promise<void>
  /** As a crash would end it. */
  kill(): Promise<void>
  /** It keeps its connections, and answers nothing until it goes on. */
  hang(): void
  goOn(): void
  /** As `CONFIG SET` does. */
  configure(name: 'maxmemory', value: string): Promise<void>
}

/** @param keepsData whether what it was told outlives `kill`. Default: it comes back empty */
export async function startRedis({ keepsData = false } = {}): Promise<RedisServer> {
  const probe = createServer()
  const { port } = await listen(probe, 0, '127.0.0.1')
  probe.close()
  await once(probe, 'close')
  const persistence = keepsData
    ? ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', mkdtempSync(join(tmpdir(), 'redis-'))]
    : ['--appendonly', 'no']
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...persistence]
    server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const chunk of server.stdout ?? []) {
      if (String(chunk).includes('Ready to accept connections')) break
    }
  }

  async function kill(): Promise<void> {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }

  await start()
  // The log's last line comes before the socket takes connections.
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  onTestFinished(kill)
  const url = `redis://127.0.0.1:${port}`
  return {
    url,
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
  }
}
