/** Notices that CALLBELL_API_URL leads past the API: Callbell then answers 404 to everything, as it does for a contact that is not there. */
import type { Logger } from '../domain/logger.ts'
import type { Request } from './dispatcher.ts'
import type { Answer } from './transport.ts'

/** What every account has, whatever it holds. */
const routesOfEveryAccount: ReadonlySet<string> = new Set([
  '/auth/me',
  '/contacts',
  '/teams',
  '/channels',
  '/funnels',
])
/** A request that names a team, a channel or a user may be answered 404 for those. */
const mentionsOtherPath = /[?&]team_uuid=|"(?:team_uuid|channel_uuid|assigned_user)":/
/** So many answers, all of them 404, are hardly all about contacts that are not there. */
const suspiciousAnswers = 10

/**
 * @param url the base URL, whose path goes to the log
 * @returns to be called with each whole answer. It warns once: of a 404 for what every account has, or of
 *   10 of them for anything; never again once Callbell has answered 2xx, which proves the base URL right
 */
export function createBasePathCheck(
  url: string,
  log: Logger,
): (request: Request, answer: Answer, requestId: string) => void {
  const basePath = new URL(url).pathname
  let notFound = 0
  let isSettled = false

  return ({ urlTemplate, path, body }, { status }, requestId) => {
    if (isSettled) return
    if (status >= 200 && status < 300) isSettled = true
    if (status !== 404) return
    notFound += 1
    const isOfEveryAccount = routesOfEveryAccount.has(urlTemplate) && !mentionsOtherPath.test(body ?? path)
    if (!isOfEveryAccount && notFound < suspiciousAnswers) return
    isSettled = true
    log.warn(
      { requestId, basePath, route: urlTemplate },
      'Callbell answers 404, and no request has succeeded so far: check the path of CALLBELL_API_URL',
    )
  }
}
