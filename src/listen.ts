/** Starts TCP servers, for the gateway, the sandbox and tests. */
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

/**
 * Starts a TCP server.
 *
 * @param port 0: any free port
 * @returns its address
 * @throws the error of `listen`, for example with the code `EADDRINUSE`
 */
export async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address')
  return address
}

/** @returns why a server cannot listen, as a message for the operator */
export function describeListenError(
  { code, message }: NodeJS.ErrnoException,
  host: string,
  port: number,
): string {
  if (code === 'EADDRINUSE') return `Port ${port} on ${host} is already in use. Set PORT to another one.`
  if (code === 'EACCES') return `Port ${port} on ${host} is not permitted. Set PORT to 1024 or higher.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `${host} is not an address of this machine. Set HOST to one of its addresses.`
  }
  return `Cannot listen on HOST ${host}, PORT ${port}: ${message}`
}
