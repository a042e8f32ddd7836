/** A Callbell that records when requests arrive. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

export interface UpstreamOptions {
  /** The duration of a TLS handshake in milliseconds. Only with a certificate. */
  readonly handshakeMs?: number
  /** Milliseconds after which a connection that the kernel established is accepted. */
  readonly acceptMs?: number
  /** The backlog: connections that the kernel establishes in advance. */
  readonly backlog?: number
  readonly latencyMs?: number
  readonly isKeptAlive?: boolean
  readonly certificate?: string
  readonly key?: string
}

export interface UpstreamReport {
  readonly arrivals: readonly number[]
  readonly stalls: readonly number[]
  readonly now: number
}

export interface RecordingUpstream {
  readonly url: string
  report(): Promise<UpstreamReport>
  /** Blocks for this many milliseconds. Meanwhile only the kernel accepts connections. */
  block(milliseconds: number): void
  /** Sets the responses to the next requests, instead of 200. */
  answerNext(statuses: readonly number[]): void
}

export async function startRecordingUpstream(options: UpstreamOptions = {}): Promise<RecordingUpstream> {
  const worker = new Worker(new URL('./recording-upstream-thread.ts', import.meta.url), {
    workerData: { handshakeMs: 0, acceptMs: 0, backlog: 511, latencyMs: 5, isKeptAlive: true, ...options },
  })
  onTestFinished(async () => void (await worker.terminate()))
  const [port] = await once(worker, 'message')
  return {
    url: `${options.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/v1`,
    async report() {
      worker.postMessage('report')
      const [report] = await once(worker, 'message')
      return report
    },
    block: (blockMs) => worker.postMessage({ blockMs }),
    answerNext: (statuses) => worker.postMessage({ statuses }),
  }
}

/**
 * Counts the most arrivals within any second. Seconds in which the upstream was blocked are excluded: what
 * arrived meanwhile was recorded late.
 */
export function worstSecond({ arrivals, stalls }: UpstreamReport): number {
  let worst = 0
  let first = 0
  for (const [index, end] of arrivals.entries()) {
    while ((arrivals[first] ?? 0) <= end - 1000) first += 1
    const isHeldUp = stalls.some((at) => at > end - 1200 && at < end + 200)
    if (!isHeldUp) worst = Math.max(worst, index - first + 1)
  }
  return worst
}
