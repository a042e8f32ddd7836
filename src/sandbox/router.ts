/** Finds the route of a request. */
import { accountRoutes } from './account-routes.ts'
import { contactRoutes } from './contact-routes.ts'
import { conversationRoutes } from './conversation-routes.ts'
import type { Reply } from './reply.ts'
import { notFound, refuse } from './reply.ts'
import type { Context } from './route.ts'

/** @returns a function that answers a request. Its `path` includes the query, as sent */
export function createRouter(context: Context): (method: string, path: string, body: unknown) => Reply {
  const routes = [accountRoutes, contactRoutes(context), conversationRoutes(context)]
    .flat()
    .map((route) => ({ route, pattern: `/v1${route.path}`.split('/') }))
  return (method, path, body) => {
    const { pathname, searchParams: query } = new URL(path, 'http://sandbox')
    const segments = pathname.split('/').map(decodeURIComponent)
    const found = routes.find(({ route, pattern }) => route.method === method && isMatch(pattern, segments))
    if (!found) return notFound
    const { route, pattern } = found
    const unknown = [...query.keys()].filter((key) => !route.query?.includes(key))
    if (unknown.length > 0) {
      return refuse(Object.fromEntries(unknown.map((key) => [key, ['is not a parameter of this call']])))
    }
    return route.handle({ id: segments[pattern.indexOf('*')] ?? '', query, body })
  }
}

function isMatch(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => part === segments[index] || (part === '*' && segments[index] !== ''))
  )
}
