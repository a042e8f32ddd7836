/** Detects a wrong path in CALLBELL_API_URL: Callbell then answers 404 to everything, as it does for a missing contact. */
import type { Logger } from '../domain/logger.ts'
import type { CallbellRequest } from './dispatcher.ts'
import type { Answer } from './response-handler.ts'

/** These exist in every account, so a 404 is suspicious. */
const routesOfEveryAccount: ReadonlySet<string> = new Set([
  '/auth/me',
  '/contacts',
  '/teams',
  '/channels',
  '/funnels',
])
/** If a request names a team, a channel or a user, the 404 may be about that. */
const mentionsOtherPath = /[?&]team_uuid=|"(?:team_uuid|channel_uuid|assigned_user)":/
/** This many answers, all of them 404, are unlikely to be all about missing contacts. */
const suspiciousAnswers = 10

/**
 * @param url the base URL. Its path is logged
 * @returns a function to call with each complete answer. It warns once: after one 404 for a route of every
 *   account, or after 10 for any route. A 2xx proves the base URL right, and ends the check
 */
export function createBasePathCheck(
  url: string,
  log: Logger,
): (request: CallbellRequest, answer: Answer, requestId: string) => void {
  const basePath = new URL(url).pathname
  let notFound = 0
  let isDone = false

  return ({ urlTemplate, path, body }, { status }, requestId) => {
    if (isDone) return
    if (status >= 200 && status < 300) isDone = true
    if (status !== 404) return
    notFound += 1
    const isOfEveryAccount = routesOfEveryAccount.has(urlTemplate) && !mentionsOtherPath.test(body ?? path)
    if (!isOfEveryAccount && notFound < suspiciousAnswers) return
    isDone = true
    log.warn(
      { requestId, basePath, route: urlTemplate },
      'Callbell answers 404, and no request has succeeded so far. Check the path of CALLBELL_API_URL',
    )
  }
}
