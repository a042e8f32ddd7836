/** Routes of the account. Teams and channels have pages, as the documented `meta` shows. Funnels have none. */
import { channels, funnels, teams } from './account.ts'
import { pageFrom, pageIn, startOf } from './page.ts'
import type { Reply } from './reply.ts'
import { ok, refuse } from './reply.ts'
import type { Route } from './route.ts'

export const accountRoutes: readonly Route[] = [
  { method: 'GET', path: '/teams', query: ['page'], handle: ({ query }) => list('teams', teams, query) },
  {
    method: 'GET',
    path: '/channels',
    query: ['page'],
    handle: ({ query }) => list('channels', channels, query),
  },
  { method: 'GET', path: '/auth/me', handle: () => ok({ status: 'ok' }) },
  { method: 'GET', path: '/funnels', handle: () => ok({ funnels }) },
]

function list(name: string, items: readonly object[], query: URLSearchParams): Reply {
  const requested = pageIn(query)
  if (requested === undefined) return refuse('Invalid page')
  const { shown, page, pages } = pageFrom(items, startOf(requested))
  return ok({ [name]: shown, meta: { page, pages } })
}
