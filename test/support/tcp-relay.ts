/** One address in front of several servers, as a load balancer or a virtual IP gives it. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { listen } from '../../src/listen.ts'

export interface TcpSwitch {
  readonly port: number
  /** Where connections lead that are made from now on; null: they are refused. Those that there are stay. */
  readonly leadTo: (port: number | null) => void
  /** Ends all connections. */
  readonly cut: () => void
  /** Nothing of the connections that there are is passed on any more, and nobody is told. */
  readonly swallow: () => void
}

/** A switch that its opener closes. */
export interface TcpRelay extends TcpSwitch {
  readonly close: () => Promise<void>
}

/** @param first the port on this machine to which connections lead; null: they are refused */
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
  function cut(): void {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  return {
    port,
    leadTo: (next) => (target = next),
    cut,
    swallow() {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream)
        upstream.unpipe(client)
        client.resume()
        upstream.resume()
      }
    },
    async close() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
