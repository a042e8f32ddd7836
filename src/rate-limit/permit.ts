/** Permits, and the windows and numbers that their requests count in. */
import type { UpstreamConnection, ConnectionPool } from './connection-pool.ts'
import { InFlightRequests } from './in-flight.ts'
import { SlidingWindow } from './sliding-window.ts'

/** The right to send one request. */
export interface Permit {
  /** Carries the request. The permit keeps it until `release`. */
  readonly connection: UpstreamConnection
  /** Whether the permit is still valid. To be checked immediately before the first byte. */
  readonly isUsable: () => boolean
  /** To be called when the request is sent: its second starts now, not when it got the permit. */
  readonly sent: () => void
  /** To be called once, when the request has ended or is not sent. */
  readonly release: () => void
}

export interface PermitsOptions {
  /** Whether the number of requests in a second is limited at all. */
  readonly isLimited: boolean
  /** Whether permits come from a store that replicas share, unless it is unreachable. */
  readonly isShared: boolean
  readonly maxInFlight: number
  readonly connections: ConnectionPool
  /** Called after a permit is released. */
  readonly onRelease: () => void
}

export class Permits {
  readonly window = new SlidingWindow()
  /** The requests in `window` that no permit of the store counts. */
  readonly uncounted = new SlidingWindow()
  readonly inFlight: InFlightRequests
  private readonly options: PermitsOptions

  constructor(options: PermitsOptions) {
    this.options = options
    this.inFlight = new InFlightRequests(options.maxInFlight)
  }

  /** @param usableUntil for a permit of the store, which counts it, on the clock of `performance.now()` */
  create(bucket: string, connection: UpstreamConnection, usableUntil?: number): Permit {
    const { isLimited, isShared, connections, onRelease } = this.options
    const { inFlight } = this
    inFlight.add(bucket)
    // The store counts a permit for a limited time. A request on an unaccepted connection may arrive later.
    const isCounted = !isShared || (usableUntil !== undefined && connection.isAccepted)
    const entry = isLimited ? this.window.add() : undefined
    const uncountedEntry = isLimited && !isCounted ? this.uncounted.add() : undefined
    return {
      connection,
      isUsable: () => usableUntil === undefined || performance.now() <= usableUntil,
      sent() {
        const now = performance.now()
        entry?.start(now, !connection.isAccepted)
        uncountedEntry?.start(now, !connection.isAccepted)
      },
      release() {
        const now = performance.now()
        entry?.end(now)
        uncountedEntry?.end(now)
        inFlight.remove(bucket)
        connections.release(connection)
        onRelease()
      },
    }
  }
}
