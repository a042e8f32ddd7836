/** Connections: too many, too short, and with something else on them than requests. */
import { randomBytes } from 'node:crypto'
import type { Attack } from '../attack.ts'
import { getBytes, postBytes, repeat, requestBytes } from '../requests.ts'

export const connectionAttacks: readonly Attack[] = [
  {
    name: 'silent-connections',
    what: '3,000 connections that say nothing, each opened again when it is closed',
    run: (attacker) => attacker.hold({ connections: 3000, begin: () => undefined }),
  },
  {
    name: 'anonymous-pipeline',
    what: '45 requests without credentials on each of 1,900 connections, and no answer is read',
    run(attacker) {
      const request = postBytes(attacker.host, [], '{"query":"{__typename}"}')
      return attacker.flood(() => request, { connections: 1900, inFlight: 45, isRead: false })
    },
  },
  {
    name: 'connection-churn',
    what: 'connections that are opened and reset at once, 50 at a time',
    run: (attacker) =>
      attacker.hold({ connections: 50, reopenMs: 0, begin: ({ socket }) => void socket.resetAndDestroy() }),
  },
  {
    name: 'no-http',
    what: 'random bytes in place of a request, on 50 connections at a time',
    run(attacker) {
      const bytes = Buffer.concat([randomBytes(512), Buffer.from('\r\n\r\n')])
      return attacker.hold({ connections: 50, reopenMs: 0, begin: ({ write }) => void write(bytes) })
    },
  },
  {
    name: 'http-1.0',
    what: '`GET /livez` in HTTP/1.0 without `Host`, each on a connection of its own, 50 at a time',
    run(attacker) {
      const request = Buffer.from('GET /livez HTTP/1.0\r\n\r\n')
      return attacker.hold({ connections: 50, reopenMs: 0, begin: ({ write }) => void write(request) })
    },
  },
  {
    name: 'many-headers',
    what: '`GET /livez` with 700 headers, on 20 connections',
    run(attacker) {
      const request = getBytes(attacker.host, '/livez', [
        repeat(700, (number) => `a${number % 10}:b`, '\r\n'),
      ])
      return attacker.flood(() => request, { connections: 20, inFlight: 4 })
    },
  },
  {
    name: 'large-headers',
    what: 'heads of 64 kB, four times the limit, on 50 connections',
    run(attacker) {
      const head = ['GET /livez HTTP/1.1', `host: ${attacker.host}`, `x-a: ${'a'.repeat(65_536)}`]
      const request = requestBytes(head)
      return attacker.flood(() => request, { connections: 50 })
    },
  },
]
