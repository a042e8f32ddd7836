/** Documents that exceed a limit or a plan. */
import { describe, expect, test } from 'vitest'
import { createTestGateway } from '../../support/test-gateway.ts'
import { create, many, times, upstreamRequests, resultOf, tooMuch } from '../../support/attacks.ts'

describe('documents above a limit', () => {
  test.each<[string, string, string]>([
    [
      '1,000 aliases of one mutation',
      `mutation{${times(1000, (n) => `a${n}:${create}`)}}`,
      '1,000 tokens, and it has more than 10,000',
    ],
    [
      '11 aliases of one mutation',
      `mutation{${times(11, (n) => `a${n}:${create}`)}}`,
      '10 fields at the root of an operation, and it has 11',
    ],
    [
      '101 aliases of __typename',
      `{${times(101, (n) => `a${n}:__typename`)}}`,
      '10 fields at the root of an operation, and it has 101',
    ],
    [
      '500 copies of one field',
      `{${times(500, () => '__typename')}}`,
      '10 fields at the root of an operation, and it has 500',
    ],
    [
      '11 aliases in a fragment',
      `mutation{...A} fragment A on Mutation{${times(11, (n) => `a${n}:${create}`)}}`,
      '10 fields at the root of an operation, and it has 11',
    ],
    [
      '5 aliases in a fragment that is spread thrice',
      `mutation{...A ...A ...A} fragment A on Mutation{${times(5, (n) => `a${n}:${create}`)}}`,
      '10 fields at the root of an operation, and it has 15',
    ],
    [
      'fragments that double each other 40 times',
      `{contact(uuid:"1"){...F0}} ${times(40, (n) => `fragment F${n} on Contact{...F${n + 1} ...F${n + 1}}`)} fragment F40 on Contact{name}`,
      '500 fields (fragments included), and it has 1,099,511,627,777',
    ],
    [
      '60 aliases inside of a contact',
      `{contact(uuid:"1"){${times(60, (n) => `a${n}:name`)}}}`,
      '50 aliases (fragments included), and it has 60',
    ],
    [
      '10 directives on one field',
      '{__typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa}',
      '4 directives in one place, and it has 10',
    ],
    [
      '60 directives',
      `{contact(uuid:"1"){${times(30, () => 'name @skip(if:true) @include(if:true)')}}}`,
      '50 directives (fragments included), and it has 60',
    ],
    [
      '20,000 nested fields',
      `{${'a{'.repeat(20_000)}b${'}'.repeat(20_001)}`,
      '1,000 tokens, and it has more than 10,000',
    ],
    [
      '600 fields in a fragment that is not spread',
      `{__typename} fragment A on Contact{${times(600, () => 'name')}}`,
      '500 fields (fragments included), and it has 600',
    ],
    ['17 nested fields', `{${'a{'.repeat(16)}b${'}'.repeat(17)}`, '16 levels of fields, and it has 17'],
    [
      'ten introspections',
      `{${times(10, (n) => `a${n}:__schema{types{name}}`)}}`,
      '2 fields `__schema` and `__type` (fragments included), and it has 10',
    ],
    [
      '5,000 nested lists',
      `{contact(uuid:${'['.repeat(5000)}1${']'.repeat(5000)}){id}}`,
      '1,000 tokens, and it has more than 10,000',
    ],
  ])('%s are refused', async (_name, query, limit) => {
    const gateway = await createTestGateway()
    expect(await resultOf(await gateway.post(JSON.stringify({ query })))).toEqual(tooMuch(limit))
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('10 aliases make 10 creates', async () => {
    const gateway = await createTestGateway()
    const query = `mutation{${times(10, (n) => `a${n}:${create}`)}}`
    const { data } = await gateway.execute<Record<string, unknown>, unknown>(query)
    expect(Object.values(data ?? {})).toEqual(
      Array.from({ length: 10 }, () => ({ contact: { name: 'Ada' } })),
    )
    expect(upstreamRequests(gateway)).toBe(10)
  })

  test('an operation above a limit fails its whole document', async () => {
    const gateway = await createTestGateway()
    const query = `query Small{__typename} mutation Large{${times(11, (n) => `a${n}:${create}`)}}`
    const response = await gateway.post(JSON.stringify({ query, operationName: 'Small' }))
    expect(await resultOf(response)).toEqual(tooMuch('10 fields at the root of an operation, and it has 11'))
  })

  test('circular fragments are invalid', async () => {
    const gateway = await createTestGateway()
    const query = '{...A} fragment A on Query{...B} fragment B on Query{...A __typename}'
    expect(await resultOf(await gateway.post(JSON.stringify({ query })))).toMatchObject({
      status: 200,
      errors: [expect.stringMatching(/^GRAPHQL_VALIDATION_FAILED: Cannot spread fragment "A" within itself/)],
    })
  })

  test('deep introspection is invalid', async () => {
    const gateway = await createTestGateway()
    const query = `{__schema{types{fields{type{fields{type{fields{type{fields{name}}}}}}}}}}`
    expect(await resultOf(await gateway.post(JSON.stringify({ query })))).toEqual({
      status: 200,
      data: undefined,
      errors: ['GRAPHQL_VALIDATION_FAILED: Maximum introspection depth exceeded'],
    })
  })

  test('a batch of requests is refused', async () => {
    const gateway = await createTestGateway()
    const body = JSON.stringify(Array.from({ length: 10 }, () => ({ query: `mutation{${create}}` })))
    expect(await resultOf(await gateway.post(body))).toEqual({
      status: 400,
      data: undefined,
      errors: ['BAD_REQUEST: Batching is not supported.'],
    })
    expect(upstreamRequests(gateway)).toBe(0)
  })
})

describe('calls beyond the plan', () => {
  const page = {
    on: 'GET',
    status: 200,
    body: { teams: [], channels: [], meta: { pages: 50 } },
  } as const

  test.each([true, false])(
    'ten aliases of teams share the read of 50 pages (fast path: %s)',
    async (hasFastPath) => {
      const gateway = await createTestGateway({ hasFastPath })
      const query = `{${times(10, (n) => `a${n}:teams{uuid}`)}}`
      for (let run = 1; run <= 2; run += 1) {
        gateway.sandbox.failNext(...many(50).map(() => page))
        const { data, errors } = await gateway.execute<Record<string, unknown>, unknown>(query)
        expect(errors).toBeUndefined()
        expect(Object.values(data ?? {})).toEqual(many(10).map(() => []))
        expect(upstreamRequests(gateway)).toBe(50 * run)
      }
    },
  )

  test('two lists of 50 pages each fail after 50 reads', async () => {
    const gateway = await createTestGateway()
    gateway.sandbox.failNext(...many(100).map(() => page))
    const response = await gateway.post(JSON.stringify({ query: '{teams{uuid} channels{uuid}}' }))
    expect(await resultOf(response)).toEqual({
      status: 200,
      data: { teams: null, channels: null },
      errors: many(2).map(
        () =>
          'QUERY_TOO_COMPLEX: This operation needs more than 50 reads from Callbell; the limit is 50. Request fewer lists in one operation.',
      ),
    })
    await expect.poll(() => upstreamRequests(gateway)).toBe(50)
  })
})
