import { expect, test } from 'vitest'
import { costOf } from '../support/operation-cost.ts'
import { createTestGateway } from '../support/test-gateway.ts'

function listWithBots(first: number): string {
  return `{ contacts(first: ${first}) { nodes { bot { name } } } }`
}

test('an operation of more than 50 calls is refused before it starts', async () => {
  const { post, sandbox } = await createTestGateway()
  const response = await post(JSON.stringify({ query: listWithBots(100) }))
  expect([response.status, await response.json()]).toMatchObject([
    400,
    {
      errors: [
        {
          message:
            'This operation needs 105 calls to Callbell; the limit is 50. Lower `first`, or leave out `bot` and `messages` of each contact.',
          extensions: { code: 'QUERY_TOO_COMPLEX', retryable: false },
        },
      ],
    },
  ])
  expect(sandbox.requests).toEqual([])
  expect((await post(JSON.stringify({ query: listWithBots(47) }))).status).toBe(200)
})

test('an operation makes as many calls as it was admitted with', async () => {
  const { execute, sandbox } = await createTestGateway({ sandbox: { seed: 60 } })
  const document =
    'query ($after: String) { contacts(first: 15, after: $after) { nodes { bot { name } messages { nodes { text } } } pageInfo { endCursor } } }'
  let after: string | null = null
  for (let step = 0; step < 3; step += 1) {
    const before = sandbox.requests.length
    const { data }: { data?: Answer | null } = await execute<Answer, object>(document, { after })
    expect(sandbox.requests.length - before).toBe(costOf(document, { after }))
    after = data?.contacts.pageInfo.endCursor ?? null
  }
})

interface Answer {
  readonly contacts: { readonly pageInfo: { readonly endCursor: string | null } }
}

test('fields below a list count towards the caller’s rate limit', async () => {
  const { execute, sandbox } = await createTestGateway({ callerRps: 5 })
  const { errors } = await execute('{ contacts(first: 10) { nodes { bot { name } } } }')
  expect(errors).toMatchObject([
    {
      message: 'This operation needs 11 calls to Callbell; the limit for this caller is 10 per burst.',
      extensions: { code: 'RATE_LIMITED' },
    },
  ])
  expect(sandbox.requests).toEqual([])
})
