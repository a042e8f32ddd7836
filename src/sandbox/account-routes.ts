/** What exists in the account. Teams and channels come by page, says the documents' `meta`; funnels do not. */
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

function list(name: string, things: readonly object[], query: URLSearchParams): Reply {
  const asked = pageIn(query)
  if (asked === undefined) return refuse('Invalid page')
  const { shown, page, pages } = pageFrom(things, startOf(asked))
  return ok({ [name]: shown, meta: { page, pages } })
}
