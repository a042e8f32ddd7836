/** Logs why a page of another origin gets no permission. The browser's message does not name the setting. */
import { LRUCache } from 'lru-cache'
import { cutText } from '../domain/code-points.ts'
import type { Logger } from '../domain/logger.ts'
import type { CrossOrigin } from './cross-origin.ts'
import type { RequestHead } from './headers.ts'

/** A page repeats its preflight at each request. It is logged once in this time, in milliseconds. */
const logAgainAfterMs = 60_000
/** Different preflights that are remembered. */
const maxRemembered = 100
const maxHeaders = 20
/** In characters. */
const maxLength = 100

/** @param address of the peer, if known */
type LogPreflight = (request: RequestHead, requestId: string, address: string | undefined) => void

/** @returns a function that logs a preflight if it is refused. Its level is that of all refused requests */
export function createPreflightLog(
  { findRefusedPreflight }: Pick<CrossOrigin, 'findRefusedPreflight'>,
  log: Logger,
): LogPreflight {
  const logged = new LRUCache<string, true>({ max: maxRemembered, ttl: logAgainAfterMs })
  return (request, requestId, address) => {
    const refused = findRefusedPreflight(request)
    if (refused === undefined) return
    const origin = cutText(refused.origin, maxLength)
    const method = cutText(refused.method, maxLength)
    const headers = refused.headers?.slice(0, maxHeaders).map((name) => cutText(name, maxLength))
    const key = JSON.stringify([origin, method, headers])
    if (logged.has(key)) return
    logged.set(key, true)
    const { reason } = refused
    log.info({ requestId, address, origin, method, headers, reason }, 'a preflight was refused')
  }
}
