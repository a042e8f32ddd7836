/** Sandboxes that several gateway processes share, and what tests compare of their contacts. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

export async function openSandbox(): Promise<Sandbox> {
  const sandbox = await startSandbox({ token: 't' })
  onTestFinished(() => sandbox.close())
  return sandbox
}

export function uuidsOf(sandbox: Sandbox, name: string): string[] {
  return sandbox.contacts.all().flatMap((contact) => (contact.name === name ? contact.uuid : []))
}

/** Processes also check their token, and look up what they created first. */
export function postsOf({ requests }: Sandbox): Sandbox['requests'] {
  return requests.filter(({ method }) => method === 'POST')
}

export interface Report {
  readonly contacts: readonly { readonly name: string; readonly uuid: string }[]
  readonly rejections: number
}

/**
 * A sandbox in another thread that accepts a quarter more than the limit: a busy machine may delay
 * requests. Processes without a shared limit would send at least twice
 * the limit.
 */
export async function openLimitedSandbox(
  limit: number,
): Promise<{ readonly url: string; report(): Promise<Report> }> {
  const worker = new Worker(new URL('../bench/upstream.ts', import.meta.url), {
    workerData: { token: 't', maxRps: limit * 1.25 },
  })
  onTestFinished(async () => void (await worker.terminate()))
  const [url] = await once(worker, 'message')
  return {
    url,
    async report() {
      worker.postMessage('report')
      const [report] = await once(worker, 'message')
      return report
    },
  }
}

export function byName(
  contacts: readonly { readonly name: string | undefined; readonly uuid: string | undefined }[],
): string[] {
  return contacts.map(({ name, uuid }) => `${name}: ${uuid}`).toSorted()
}
