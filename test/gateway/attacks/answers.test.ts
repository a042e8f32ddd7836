/** Answers that cost much, or would say something else than what happened. */
import { describe, expect, test } from 'vitest'
import { sendRaw } from '../../support/raw-request.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { input, create, many, times, upstream, size } from '../../support/attacks.ts'

describe('variables that are wrong in thousands of places', () => {
  test.each([
    ['unknown keys', Object.fromEntries(many(11_000).map((n) => [n.toString(36), 1]))],
    ['numbers for tags', { tags: many(12_000) }],
    ['nulls in a list', { tags: many(12_000).map(() => null) }],
    ['objects without names', { customFields: many(12_000).map(() => ({})) }],
  ])('%s are refused after five, at each run of a known document', async (_name, rest) => {
    const gateway = await createTestGateway()
    const query = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
    const least = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }
    await gateway.execute(query, { i: least })
    for (let run = 0; run < 3; run += 1) {
      const response = await gateway.post(JSON.stringify({ query, variables: { i: { ...least, ...rest } } }))
      const { errors, data } = await response.json()
      expect([response.status, data, errors.length]).toEqual([400, undefined, 6])
      expect(errors[5].message).toBe(
        'Too many errors processing variables, error limit reached. Execution aborted.',
      )
    }
    expect(upstream(gateway)).toBe(1)
  })
})

describe('an answer that is many times its request, or takes long to be made', () => {
  const document = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
  const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }
  test('hundreds of mistakes in ten aliases', async () => {
    const gateway = await createTestGateway()
    const query = `mutation($i:CreateContactInput!){${times(10, (n) => `a${n}:createContact(input:$i){userErrors{a:field b:field message}}`)}}`
    const variables = { i: { ...contact, customFields: many(500).map(() => ({ name: '' })) } }
    const response = await gateway.post(JSON.stringify({ query, variables }))
    const { data } = await response.clone().json()
    expect(data.a0.userErrors).toHaveLength(50)
    expect(await size(response)).toBeLessThan(100_000)
    expect(upstream(gateway)).toBe(0)
  })

  test('thousands of fields that the input does not have', async () => {
    const gateway = await createTestGateway()
    const strange = Object.fromEntries(many(7000).map((number) => [`n${number}`, 1]))
    const response = await gateway.post(
      JSON.stringify({ query: document, variables: { i: { ...contact, ...strange } } }),
    )
    expect(await size(response)).toBeLessThan(5000)
    expect(upstream(gateway)).toBe(0)
  })

  test('hundreds of mistakes at the end of thousands of lines', async () => {
    const gateway = await createTestGateway()
    const query = `{contact(uuid:"1"){${'\n'.repeat(44_000)}${times(400, (n) => `n${n}`)}}}`
    const response = await gateway.post(JSON.stringify({ query }))
    expect((await response.clone().json()).errors).toHaveLength(10)
    expect(await size(response)).toBeLessThan(5000)
  })

  test.each([true, false])(
    'a value that looks like a suggestion 7,000 times (introspection: %s)',
    async (introspection) => {
      const gateway = await createTestGateway({ introspection })
      const source = 'Did you mean '.repeat(7000)
      const response = await gateway.post(
        JSON.stringify({ query: document, variables: { i: { ...contact, source } } }),
      )
      const { errors } = await response.json()
      expect(errors.map(({ message }: { message: string }) => message.length)).toEqual([300])
      expect(errors[0].message).toMatch(/^Variable "\$i" got invalid value "Did you mean Did you mean .*…$/)
    },
  )

  test('a hundred requests on one connection, none of whose answers is waited for', async () => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(100))
    expect(answers.length).toBeLessThan(100)
  })
})

describe('a caller who is to be told something else than what happened', () => {
  test('by a variable that is found wrong only when the contact is there', async () => {
    const gateway = await createTestGateway()
    const query = `mutation($b:Boolean=true){createContact(${input}){contact @include(if:$b){name}}}`
    const response = await gateway.post(JSON.stringify({ query, variables: { b: null } }))
    const { errors } = await response.json()
    expect(errors[0].extensions).toMatchObject({ code: 'BAD_USER_INPUT', outcome: 'APPLIED' })
    expect(upstream(gateway)).toBe(1)
  })

  test.each([
    ['application/json;charset="utf-8"', 'application/json; charset=utf-8'],
    [
      'application/graphql-response+json; charset="UTF-8"',
      'application/graphql-response+json; charset=utf-8',
    ],
    ['application/json;xcharset=foo', 'application/json; charset=utf-8'],
    ['text/event-stream, application/json;charset="utf-8"', 'application/json; charset=utf-8'],
    ['text/event-stream, */*', 'application/json; charset=utf-8'],
  ])('by the header accept: %s', async (accept, type) => {
    const gateway = await createTestGateway()
    const response = await gateway.post(JSON.stringify({ query: `mutation{${create}}` }), { accept })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect(await response.json()).toEqual({ data: { createContact: { contact: { name: 'Ada' } } } })
    expect(upstream(gateway)).toBe(1)
  })
})
