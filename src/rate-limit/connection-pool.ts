/** What the rate limiter needs of connections: a permit comes with one that is ready. */

/** Carries one request at a time. */
export interface UpstreamConnection {
  /**
   * Whether the process on the other side is known to have accepted the connection. A kernel completes a TCP
   * handshake, and buffers a request, long before that. A TLS handshake or a response comes from the process.
   */
  readonly isAccepted: boolean
}

export interface ConnectionPool {
  /** Called when a connection has become free or has closed. */
  onChange: () => void
  /** Connections that can carry a request now. */
  readonly ready: number
  /** @returns how many more connections `waiting` requests need, as far as the pool may open them now */
  lackingFor(waiting: number): number
  /**
   * Opens one more connection.
   *
   * @throws CallbellError `CALLBELL_TIMEOUT` or `CALLBELL_UNAVAILABLE`, with nothing sent
   */
  open(): Promise<void>
  /** @returns a ready connection for one request; undefined if none is ready */
  take(): UpstreamConnection | undefined
  /** Returns a taken connection, once: its request has ended or is not sent. */
  release(connection: UpstreamConnection): void
}
