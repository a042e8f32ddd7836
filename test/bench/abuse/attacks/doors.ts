/** What answers without a key, or with one that may not reach contacts. */
import { text } from 'node:stream/consumers'
import { request } from 'undici'
import type { Attack } from '../attack.ts'
import { getBytes } from '../requests.ts'
import { apiKeys } from '../scene.ts'

function flood(
  name: string,
  what: string,
  target: (number: number) => string,
  headers: readonly string[] = [],
): Attack {
  return {
    name,
    what,
    run(attacker) {
      let number = 0
      const next = (): Buffer => {
        number += 1
        return getBytes(attacker.host, target(number), headers)
      }
      return attacker.flood(next, { connections: 50, inFlight: 4 })
    },
  }
}

export const doorAttacks: readonly Attack[] = [
  flood('livez', '`GET /livez`, 200 at a time', () => '/livez'),
  flood('readyz', '`GET /readyz`, 200 at a time', () => '/readyz'),
  flood('metrics', '`GET /metrics` with a key for it, 200 at a time', () => '/metrics', [
    `x-api-key: ${apiKeys.metrics}`,
  ]),
  flood('long-urls', 'ever other paths of 15,000 characters', (number) => `/${number}${'%2e'.repeat(5000)}`),
  {
    name: 'unread-assets',
    what: 'GraphiQL’s largest file, without credentials, on 200 connections that read nothing',
    async run(attacker) {
      const { body } = await request(`http://${attacker.host}/graphql`, { headers: { accept: 'text/html' } })
      const script = /src="(\/graphiql\/graphiql-[^"]+)"/.exec(await text(body))?.[1] ?? '/graphiql/'
      const asset = getBytes(attacker.host, script)
      await attacker.flood(() => asset, { connections: 200, inFlight: 2, isRead: false })
    },
  },
]
