/** The Redis of a soak behind one address: it is killed, hangs, fails over to a replica, and loses its data. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { listen } from '../../../src/listen.ts'
import { pretendAge } from '../../support/redis-epoch.ts'
import { openTcpRelay } from '../../support/tcp-relay.ts'
import { end, hasPrinted } from './processes.ts'

export interface Redis {
  /** The address, which stays the same. */
  readonly url: string
  start(): Promise<void>
  /** As a crash ends it. What it has answered is on the disk. */
  kill(): Promise<void>
  /** Stops the process: it keeps its connections, and answers nothing until `resume`. */
  suspend(): void
  resume(): void
  /**
   * A new replica takes over all data, and the address leads there. The old one becomes its replica, and
   * keeps its connections for `keptMs` milliseconds: it refuses writes (`READONLY`).
   */
  failOver(keptMs: number): Promise<void>
  /** An empty Redis takes the place of the one that is there, which is killed. */
  replaceByEmpty(): Promise<void>
  /** Redis forgets everything, and keeps its connections. */
  flush(): Promise<void>
  close(): Promise<void>
}

interface Server {
  readonly port: number
  readonly folder: string
  process: ChildProcess
}

/** Longer than a copy takes on a busy machine. */
const longestFailoverMs = 30_000

/** @param folder of its files */
export async function openRedis(folder: string): Promise<Redis> {
  let current = await open()
  await pretendAge(urlOf(current))
  const relay = await openTcpRelay(current.port)

  /** Starts an empty server. */
  async function open(): Promise<Server> {
    const place = { port: await freePort(), folder: mkdtempSync(join(folder, 'redis-')) }
    return { ...place, process: await startServer(place) }
  }

  /** Runs a command. @returns its reply, where that is text */
  async function run(server: Server, ...command: readonly string[]): Promise<string> {
    const client = createClient({ url: urlOf(server) }).on('error', () => undefined)
    await client.connect()
    try {
      const reply: unknown = await client.sendCommand(command)
      return typeof reply === 'string' ? reply : ''
    } finally {
      await client.close()
    }
  }

  /** @throws where the replication of the server does not come to be so */
  async function untilInfo(server: Server, pattern: RegExp): Promise<void> {
    for (const until = performance.now() + longestFailoverMs; performance.now() < until; await delay(50)) {
      if (pattern.test(await run(server, 'INFO', 'replication'))) return
    }
    throw new Error(`Redis did not fail over within ${longestFailoverMs} ms`)
  }

  return {
    url: `redis://127.0.0.1:${relay.port}`,
    async start() {
      current.process = await startServer(current)
    },
    kill: () => end(current.process, 'SIGKILL'),
    suspend: () => void current.process.kill('SIGSTOP'),
    resume: () => void current.process.kill('SIGCONT'),
    async failOver(keptMs) {
      const [old, next] = [current, await open()]
      await run(next, 'REPLICAOF', '127.0.0.1', String(old.port))
      await untilInfo(next, /master_link_status:up/)
      // Stops writes, waits until the replica has everything, and changes the roles.
      await run(old, 'FAILOVER', 'TO', '127.0.0.1', String(next.port))
      await untilInfo(next, /role:master/)
      current = next
      relay.setTarget(next.port)
      await delay(keptMs)
      await end(old.process, 'SIGKILL')
    },
    async replaceByEmpty() {
      const [old, next] = [current, await open()]
      current = next
      relay.setTarget(next.port)
      await end(old.process, 'SIGKILL')
    },
    async flush() {
      await run(current, 'FLUSHALL')
    },
    async close() {
      await end(current.process, 'SIGKILL')
      await relay.close()
    },
  }
}

/** @returns a process that answers only when what it was asked to write is on the disk */
async function startServer({ port, folder }: Pick<Server, 'port' | 'folder'>): Promise<ChildProcess> {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    'repl-diskless-sync-delay': 0,
  }
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const failed = once(server, 'error').then(([error]) => {
    throw error
  })
  await Promise.race([hasPrinted(server, /Ready to accept connections/), failed])
  return server
}

function urlOf({ port }: Server): string {
  return `redis://127.0.0.1:${port}`
}

async function freePort(): Promise<number> {
  const probe = createServer()
  const { port } = await listen(probe, 0, '127.0.0.1')
  probe.close()
  await once(probe, 'close')
  return port
}
