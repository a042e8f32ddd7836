/** Where a request is addressed to: its target and its host, as they were sent. RFC 9112, section 3.2. */
import type { IncomingMessage } from 'node:http'
import type { RequestErrorInit } from '../graphql/request-error.ts'

export interface RequestTarget {
  /** The path as it was sent. Nothing is decoded or resolved: `/a/../b` and `/%62` are not `/b`. */
  readonly path: string
  /** The path with its query. */
  readonly originForm: string
}

/** For HTTP/1.0, which knows no `Host`, and for nothing but these: HAProxy's `option httpchk` asks so. */
const pathsWithoutHost: ReadonlySet<string> = new Set(['/livez', '/readyz'])

/** A name or address, and perhaps a port: nothing that could reach into other parts of a URL. */
const hostForm = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i
/** Authority, and path with query. */
const absoluteForm = /^http:\/\/([^/?#]*)([^#]*)$/i

/** @returns the target of a request, or why it can't be served */
export function readTarget(request: IncomingMessage): RequestTarget | { readonly refusal: RequestErrorInit } {
  const { url: target = '', headers, httpVersion } = request
  const hosts = countHosts(request)
  if (hosts === 0 && httpVersion === '1.0' && pathsWithoutHost.has(pathOf(target))) return originForm(target)
  if (hosts !== 1 || headers.host === undefined || !hostForm.test(headers.host)) return { refusal: badHost }
  if (target.startsWith('/')) return originForm(target)
  const [, authority = '', rest = ''] = absoluteForm.exec(target) ?? []
  if (!isSameHost(authority, headers.host)) return { refusal: badTarget }
  return originForm(rest.startsWith('/') ? rest : `/${rest}`)
}

function originForm(target: string): RequestTarget {
  return { path: pathOf(target), originForm: target }
}

function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

/** Of several, Node would take the first, and a proxy in front perhaps the last. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') count += 1
  }
  return count
}

/** As URLs compare hosts: in any case, and port 80 is the same as none. */
function isSameHost(authority: string, host: string): boolean {
  if (!hostForm.test(authority)) return false
  const url = URL.parse(`http://${authority}`)
  return url !== null && url.host === URL.parse(`http://${host}`)?.host
}

/** What follows on such a connection may not be what its sender thinks it is. */
const closing = { connection: 'close' }
export const badHost: RequestErrorInit = {
  status: 400,
  message: 'The request must have one Host header, which names a host',
  headers: closing,
}
const badTarget: RequestErrorInit = {
  status: 400,
  message: 'The request target must be a path, or an http URL whose host is the one of the Host header',
  headers: closing,
}
