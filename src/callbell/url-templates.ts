/** All paths of Callbell's API that the client uses, with the URL templates for metrics and spans. Pure. */

/** The target of a request. */
export interface Target {
  /** The path with parameter names instead of values. It has few values, so it can be a metric label. */
  readonly urlTemplate: string
  /** Relative to the base URL, percent-encoded, with the query. */
  readonly path: string
}

/** Values by parameter name. `undefined` values are omitted. */
type Query = Readonly<Record<string, string | undefined>>

export const routes = {
  contacts: (query?: Query): Target => ({ urlTemplate: '/contacts', path: `/contacts${search(query)}` }),
  contact: (uuid: string, query?: Query): Target => ({
    urlTemplate: '/contacts/{uuid}',
    path: `/contacts/${segment(uuid)}${search(query)}`,
  }),
  contactByPhone: (number: string, query: Query): Target => ({
    urlTemplate: '/contacts/phone/{number}',
    path: `/contacts/phone/${segment(number)}${search(query)}`,
  }),
  contactByBsuid: (bsuid: string): Target => ({
    urlTemplate: '/contacts/bsuid/{bsuid}',
    path: `/contacts/bsuid/${segment(bsuid)}`,
  }),
  messages: (uuid: string, page: number): Target => ({
    urlTemplate: '/contacts/{uuid}/messages',
    path: `/contacts/${segment(uuid)}/messages${search({ page: String(page) })}`,
  }),
  bot: (uuid: string): Target => ({
    urlTemplate: '/contacts/{uuid}/bot',
    path: `/contacts/${segment(uuid)}/bot`,
  }),
  closeConversation: (uuid: string): Target => ({
    urlTemplate: '/contacts/{uuid}/conversation/close',
    path: `/contacts/${segment(uuid)}/conversation/close`,
  }),
  openConversation: (uuid: string): Target => ({
    urlTemplate: '/contacts/{uuid}/conversation/open',
    path: `/contacts/${segment(uuid)}/conversation/open`,
  }),
  note: (uuid: string): Target => ({
    urlTemplate: '/contacts/{uuid}/conversation/note',
    path: `/contacts/${segment(uuid)}/conversation/note`,
  }),
  funnel: (uuid: string): Target => ({
    urlTemplate: '/contacts/{uuid}/conversation/update_funnel',
    path: `/contacts/${segment(uuid)}/conversation/update_funnel`,
  }),
  tokenOwner: (): Target => ({ urlTemplate: '/auth/me', path: '/auth/me' }),
  teams: (page: number): Target => ({ urlTemplate: '/teams', path: `/teams${pageSearch(page)}` }),
  channels: (page: number): Target => ({ urlTemplate: '/channels', path: `/channels${pageSearch(page)}` }),
  funnels: (page: number): Target => ({ urlTemplate: '/funnels', path: `/funnels${pageSearch(page)}` }),
}

const segment = encodeURIComponent

/** Without a page, Callbell answers the first one. */
function pageSearch(page: number): string {
  return search({ page: page === 1 ? undefined : String(page) })
}

/** @returns `?name=value&…` of the defined values; empty if there are none */
function search(query: Query | undefined): string {
  if (query === undefined) return ''
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return given.length === 0 ? '' : `?${given.join('&')}`
}
