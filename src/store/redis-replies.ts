/** Reads the replies of the scripts for records, and follows Redis's clock in them. */
import type { Logger } from '../domain/logger.ts'
import { RedisClock } from './redis-clock.ts'
import { commandTimeoutMs, logAgainAfterMs } from './redis-connection.ts'

/** The reply of a script for records, without Redis's clock. */
export interface ScriptReply {
  readonly state: string
  readonly value: unknown
  /** The age of a record that is `PRESENT`, in milliseconds. */
  readonly ageMs: number
}

export interface ReplyReader {
  /**
   * @param sentAt when the script was sent, or earlier
   * @throws if it is not the reply of a script for records
   */
  read(reply: unknown, sentAt: number): ScriptReply
  /** When a write that is sent now has timed out, by Redis's clock in microseconds. */
  writeDeadline(): string
  /** Milliseconds for which records may be missing because Redis's clock ended them too early. */
  quarantineLeftMs(): number
}

/**
 * If the clock is set forward by this many milliseconds, it may end records that must still live: half of the
 * shortest time to live that can be configured.
 */
const lossyJumpMs = 1_800_000

/** @param quarantineMs how long unknown keys are refused after records may have been lost */
export function createReplyReader(log: Logger, quarantineMs: number): ReplyReader {
  const clock = new RedisClock()
  let quarantinedUntil = Number.NEGATIVE_INFINITY
  let jumpLoggedAt = Number.NEGATIVE_INFINITY

  return {
    read(reply, sentAt) {
      const receivedAt = performance.now()
      const [timeUs, state, value, ageMs]: unknown[] = Array.isArray(reply) ? reply : []
      if (typeof timeUs !== 'number' || typeof state !== 'string') throw unexpectedReply()
      const jumpMs = clock.observe(timeUs, sentAt, receivedAt)
      if (jumpMs > 0 && receivedAt - jumpLoggedAt >= logAgainAfterMs) {
        log.warn(
          { jumpMs: Math.round(jumpMs) },
          'Redis’s clock was set forward; record ages count from now on',
        )
        jumpLoggedAt = receivedAt
      }
      if (jumpMs >= lossyJumpMs) quarantinedUntil = receivedAt + quarantineMs
      if (state === 'LATE') clock.reset(timeUs, sentAt, receivedAt)
      return { state, value, ageMs: typeof ageMs === 'number' ? clock.trusted(ageMs, receivedAt) : 0 }
    },
    writeDeadline: () => String(clock.latestAt(performance.now() + commandTimeoutMs)),
    quarantineLeftMs: () => Math.max(0, quarantinedUntil - performance.now()),
  }
}

export function unexpectedReply(): Error {
  return new Error('Redis returned an unexpected reply')
}
