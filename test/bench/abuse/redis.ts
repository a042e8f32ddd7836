/** A real Redis of the attack's own, as small as one that is easily filled. */
import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { pretendAge } from '../../support/redis-epoch.ts'
import { startChild } from '../cost/child.ts'
import { isOnPath } from '../cost/machine.ts'
import { freePort } from '../cost/upstream.ts'

const maxMemory = '256mb'
const startMs = 60_000

export const hasRedis = isOnPath('redis-server')

export interface Redis {
  readonly url: string
  end(): Promise<void>
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** With the policy that the documentation asks for: a Redis that is full refuses what is new. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort()
  const settings = {
    port,
    bind: '127.0.0.1',
    save: '',
    appendonly: 'no',
    maxmemory: maxMemory,
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  }
  const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = await startChild(['redis-server', ...words])
  for (const start = performance.now(); !(await takesConnections(port)); await delay(20)) {
    if (performance.now() - start > startMs)
      throw new Error(`redis-server did not start within ${startMs} ms`)
  }
  const url = `redis://127.0.0.1:${port}`
  await pretendAge(url)
  return { url, end: () => child.end('SIGKILL') }
}
