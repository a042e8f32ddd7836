/** One address in front of several servers, like a load balancer or a virtual IP. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { listen } from '../../src/listen.ts'

export interface TcpSwitch {
  readonly port: number
  /** The target of new connections; null: they are refused. Existing connections do not change. */
  readonly setTarget: (port: number | null) => void
  /** Closes all connections. */
  readonly closeConnections: () => void
  /** Drops all further data of the existing connections without closing them. */
  readonly dropData: () => void
}

/** A relay that its user closes. */
export interface TcpRelay extends TcpSwitch {
  readonly close: () => Promise<void>
}

/** @param first the port on this machine that is the target; null: connections are refused */
export async function openTcpRelay(first: number | null): Promise<TcpRelay> {
  let target = first
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer((client) => {
    if (target === null) {
      client.destroy()
      return
    }
    const pair = [client, connect(target, '127.0.0.1')] as const
    const [, upstream] = pair
    pairs.add(pair)
    client.pipe(upstream)
    upstream.pipe(client)
    const end = (): void => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  function closeConnections(): void {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  return {
    port,
    setTarget: (next) => (target = next),
    closeConnections,
    dropData() {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream)
        upstream.unpipe(client)
        client.resume()
        upstream.resume()
      }
    },
    async close() {
      server.close()
      closeConnections()
      await once(server, 'close')
    },
  }
}
