/** Responses that cost much, and responses that could misstate the outcome. */
import { describe, expect, test } from 'vitest'
import { sendRaw } from '../../support/raw-request.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { input, create, many, times, upstreamRequests, size } from '../../support/attacks.ts'

describe('variables with thousands of errors', () => {
  test.each([
    ['unknown keys', Object.fromEntries(many(11_000).map((n) => [n.toString(36), 1]))],
    ['numbers for tags', { tags: many(12_000) }],
    ['nulls in a list', { tags: many(12_000).map(() => null) }],
    ['objects without names', { customFields: many(12_000).map(() => ({})) }],
  ])('for %s five errors are reported, at each run of the document', async (_name, rest) => {
    const gateway = await createTestGateway()
    const query = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
    const minimalInput = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }
    await gateway.execute(query, { i: minimalInput })
    for (let run = 0; run < 3; run += 1) {
      const response = await gateway.post(
        JSON.stringify({ query, variables: { i: { ...minimalInput, ...rest } } }),
      )
      const { errors, data } = await response.json()
      expect([response.status, data, errors.length]).toEqual([400, undefined, 6])
      expect(errors[5].message).toBe(
        'Too many errors processing variables, error limit reached. Execution aborted.',
      )
    }
    expect(upstreamRequests(gateway)).toBe(1)
  })
})

describe('responses that are much larger than the request', () => {
  const document = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
  const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }
  test('hundreds of userErrors in ten aliases make a response below 100 kB', async () => {
    const gateway = await createTestGateway()
    const query = `mutation($i:CreateContactInput!){${times(10, (n) => `a${n}:createContact(input:$i){userErrors{a:field b:field message}}`)}}`
    const variables = { i: { ...contact, customFields: many(500).map(() => ({ name: '' })) } }
    const response = await gateway.post(JSON.stringify({ query, variables }))
    const { data } = await response.clone().json()
    expect(data.a0.userErrors).toHaveLength(50)
    expect(await size(response)).toBeLessThan(100_000)
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('thousands of unknown input fields make a response below 5 kB', async () => {
    const gateway = await createTestGateway()
    const strange = Object.fromEntries(many(7000).map((number) => [`n${number}`, 1]))
    const response = await gateway.post(
      JSON.stringify({ query: document, variables: { i: { ...contact, ...strange } } }),
    )
    expect(await size(response)).toBeLessThan(5000)
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('hundreds of errors after thousands of lines make a response below 5 kB', async () => {
    const gateway = await createTestGateway()
    const query = `{contact(uuid:"1"){${'\n'.repeat(44_000)}${times(400, (n) => `n${n}`)}}}`
    const response = await gateway.post(JSON.stringify({ query }))
    expect((await response.clone().json()).errors).toHaveLength(10)
    expect(await size(response)).toBeLessThan(5000)
  })

  test.each([true, false])(
    'a message with 7,000 copies of the text of a suggestion is cut (introspection: %s)',
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

  test('a hundred pipelined requests do not all get a response', async () => {
    const gateway = await createTestGateway()
    const answers = await sendRaw(gateway.url, 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(100))
    expect(answers.length).toBeLessThan(100)
  })
})

describe('responses that could misstate the outcome', () => {
  test('an invalid condition below a created contact is an error with the outcome APPLIED', async () => {
    const gateway = await createTestGateway()
    const query = `mutation($b:Boolean=true){createContact(${input}){contact @include(if:$b){name}}}`
    const response = await gateway.post(JSON.stringify({ query, variables: { b: null } }))
    const { errors } = await response.json()
    expect(errors[0].extensions).toMatchObject({ code: 'BAD_USER_INPUT', outcome: 'APPLIED' })
    expect(upstreamRequests(gateway)).toBe(1)
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
  ])('a create with the header accept: %s has its result', async (accept, type) => {
    const gateway = await createTestGateway()
    const response = await gateway.post(JSON.stringify({ query: `mutation{${create}}` }), { accept })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect(await response.json()).toEqual({ data: { createContact: { contact: { name: 'Ada' } } } })
    expect(upstreamRequests(gateway)).toBe(1)
  })
})
