/** Requests that wait for a permit: fair to buckets, bounded, each with its deadline. */
import { CallbellError } from '../domain/callbell-error.ts'
import { FairQueue } from './fair-queue.ts'
import type { Permit } from './permit.ts'

/** The most requests that wait, however late their deadlines are: it bounds memory. */
const maxQueueLength = 10_000
/** The most requests of one bucket that wait, so that the others find room in the queue. */
const maxOfBucket = maxQueueLength / 2

export interface WaitingRequest {
  readonly bucket: string
  readonly resolve: (permit: Permit) => void
  readonly reject: (error: unknown) => void
}

interface TimedRequest extends WaitingRequest {
  readonly timer: NodeJS.Timeout
}

export class PermitQueue {
  private readonly queue = new FairQueue<TimedRequest>()

  get size(): number {
    return this.queue.size
  }

  /** How many requests get a permit before a new one of this bucket. */
  positionOf(bucket: string): number {
    return this.queue.positionOf(bucket)
  }

  isFull(bucket: string): boolean {
    return this.queue.size >= maxQueueLength || this.queue.sizeOf(bucket) >= maxOfBucket
  }

  /** @returns whether any waiting request may start */
  hasWaiting(mayStart: (bucket: string) => boolean): boolean {
    return this.queue.hasWaiting(mayStart)
  }

  /**
   * Adds a request.
   *
   * @param timeoutMs until its deadline
   * @param timeoutError what it is rejected with then
   */
  add(request: WaitingRequest, timeoutMs: number, timeoutError: () => Error): void {
    const { bucket } = request
    // Its permit was due in time when it was added. Since then answers were slow, or a bucket with fewer
    // requests in the queue was served before it.
    const timer = setTimeout(() => {
      this.queue.remove(bucket, waiting)
      request.reject(timeoutError())
    }, timeoutMs)
    const waiting: TimedRequest = { ...request, timer }
    this.queue.add(bucket, waiting)
  }

  /**
   * Removes the next request that may start, with its timer.
   *
   * @param mayStart default: all may
   * @returns undefined if no request may start
   */
  takeNext(mayStart?: (bucket: string) => boolean): WaitingRequest | undefined {
    const next = this.queue.takeNext(mayStart)
    clearTimeout(next?.timer)
    return next
  }
}

/** @param excessMs milliseconds by which the permit comes too late */
export function noPermitInTime(excessMs: number): CallbellError {
  return new CallbellError('OVERLOADED', 'no permit in time', {
    progress: 'unsent',
    retryAfterMs: Math.max(1, Math.ceil(excessMs)),
  })
}
