/** What an attack is, and what it is given to work with. */
import type { Socket } from 'node:net'

/** One connection of the attacker. */
export interface Line {
  readonly socket: Socket
  /** Sends bytes. @returns false where no more may be sent now, or at all */
  readonly write: (bytes: Buffer) => boolean
  /** Sends the same bytes again and again, as fast as they are taken, until the connection ends. */
  readonly pump: (bytes: Buffer) => void
  /** Calls back for each answer that begins. */
  readonly onAnswer: (listener: () => void) => void
}

export interface HoldOptions {
  readonly connections: number
  /** Called with each connection once it is open. */
  readonly begin: (line: Line) => void
  /** Whether answers are read and counted. Default: true */
  readonly isRead?: boolean
  /** Milliseconds until a connection that was closed is opened again. Default: 50 */
  readonly reopenMs?: number
}

export interface FloodOptions {
  readonly connections: number
  /** Requests that wait for their answer on each connection. Default: 1 */
  readonly inFlight?: number
  readonly isRead?: boolean
}

/** The attacker: every connection and byte of an attack goes through it, which bounds them. */
export interface Attacker {
  /** Aborts when the attack is over. */
  readonly signal: AbortSignal
  /** Name and port of the gateway, as in a `Host` header. */
  readonly host: string
  /** Keeps this many connections open until the attack is over. */
  hold(options: HoldOptions): Promise<void>
  /** Sends requests, the next one as soon as an answer begins. @param make gives the bytes of a request */
  flood(make: () => Buffer, options: FloodOptions): Promise<void>
  /** The bytes of a `POST /graphql` with the attacker's key. */
  graphql(query: string, variables?: object, operationName?: string): Buffer
}

/** What the honest caller does besides creating and reading contacts. */
export type HonestWork = 'tag edits' | 'keys'

export interface Attack {
  /** As in `--only`. */
  readonly name: string
  /** What is sent, as a phrase. */
  readonly what: string
  /** Seconds that it needs at least to have an effect. Default: `--seconds` */
  readonly leastSeconds?: number
  /** Default: the store in memory. */
  readonly store?: 'redis'
  readonly honestWork?: HonestWork
  /** Runs until the signal of the attacker aborts. */
  readonly run: (attacker: Attacker) => Promise<void>
}
