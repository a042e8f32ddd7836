/** A relay for one test, closed after the test. */
import { onTestFinished } from 'vitest'
import type { TcpSwitch } from './tcp-relay.ts'
import { openTcpRelay } from './tcp-relay.ts'

export async function startTcpSwitch(first: number | null): Promise<TcpSwitch> {
  const { close, ...tcpSwitch } = await openTcpRelay(first)
  onTestFinished(close)
  return tcpSwitch
}
