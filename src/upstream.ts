/** What the gateway stands in front of: Callbell itself, or the sandbox, which has an end of its own. */
import { randomUUID } from 'node:crypto'
import type { Config } from './config/config.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

export type Upstream = Pick<Sandbox, 'url' | 'token'> & Partial<Pick<Sandbox, 'close'>>

/** Enough for lists to have pages, of contacts such as a first look should show. */
const sandboxContacts = 300

export async function openUpstream({ callbell }: Config): Promise<Upstream> {
  if (callbell) return callbell
  const { startSandbox } = await import('./sandbox/sandbox.ts')
  return startSandbox({ token: randomUUID(), seed: sandboxContacts })
}
