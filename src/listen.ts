import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

/**
 * Starts a TCP server.
 *
 * @param port 0: any free one
 * @returns the address that it got
 * @throws what `listen` fails with, for example `EADDRINUSE`
 */
export async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address')
  return address
}
