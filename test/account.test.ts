import { expect, test } from 'vitest'
import * as account from '../src/sandbox/account.ts'
import type { Fault } from '../src/sandbox/sandbox.ts'
import { createTestGateway } from './support/test-gateway.ts'

test('teams, channels and funnels are read, for a call each', async () => {
  const { execute, sandbox } = await createTestGateway()
  const { data, errors } = await execute(`{
    teams { uuid name createdAt default memberCount }
    channels { uuid title type main discardedAt }
    funnels { uuid name position emoji createdAt }
  }`)
  expect(errors).toBeUndefined()
  expect(data).toEqual({
    teams: account.teams.map(({ members, ...team }) => ({ ...team, memberCount: members })),
    channels: account.channels,
    // Callbell writes these times in a way of its own.
    funnels: account.funnels.map((funnel) => ({
      ...funnel,
      createdAt: expect.stringMatching(/T.*\+01:00$/),
    })),
  })
  expect(sandbox.requests.map(({ path }) => path).toSorted()).toEqual([
    '/v1/channels',
    '/v1/funnels',
    '/v1/teams',
  ])
})

test('a list that fails is named, and never comes empty instead', async () => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext({ status: 402 })
  const { data, errors } = await execute('{ teams { uuid } }')
  expect(data).toBeNull()
  expect(errors).toMatchObject([{ path: ['teams'], extensions: { code: 'CALLBELL_PAYMENT_REQUIRED' } }])
})

/** One of two pages. */
function page(key: string, uuid: string): Fault {
  return { on: 'GET', status: 200, body: { [key]: [{ uuid }], meta: { page: 1, pages: 2 } } }
}

test('teams and channels are read to the last page', async () => {
  const { execute, sandbox } = await createTestGateway()
  sandbox.failNext(page('teams', 'a'), page('teams', 'b'), page('channels', 'c'), page('channels', 'd'))
  expect(await execute('{ teams { uuid } }')).toEqual({ data: { teams: [{ uuid: 'a' }, { uuid: 'b' }] } })
  expect(await execute('{ channels { uuid } }')).toEqual({
    data: { channels: [{ uuid: 'c' }, { uuid: 'd' }] },
  })
  expect(sandbox.requests.map(({ path }) => path)).toEqual([
    '/v1/teams',
    '/v1/teams?page=2',
    '/v1/channels',
    '/v1/channels?page=2',
  ])
})
