/** Unusual values, and names of JavaScript's own properties. */
import { describe, expect, test } from 'vitest'
import { sendRaw } from '../../support/raw-request.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { upstreamRequests, resultOf } from '../../support/attacks.ts'

describe('unusual values', () => {
  const document = `mutation($input:CreateContactInput!){createContact(input:$input){contact{name customFields{name value}} userErrors{field code}}}`
  const contact = { identifier: '1', source: 'WHATSAPP', name: 'Ada' }

  test('the key __proto__ is refused, and pollutes nothing', async () => {
    const gateway = await createTestGateway()
    const body = `{"query":${JSON.stringify(document)},"variables":{"__proto__":{"input":1},"input":{"identifier":"1","source":"WHATSAPP","name":"Ada","__proto__":{"note":"x"}}}}`
    expect(await resultOf(await gateway.post(body))).toEqual({
      status: 400,
      data: undefined,
      errors: [
        expect.stringMatching(
          /^BAD_USER_INPUT: Variable "\$input" got invalid value .*; Field "__proto__" is not defined/,
        ),
      ],
    })
    expect(upstreamRequests(gateway)).toBe(0)
    expect(({} as Record<string, unknown>)['note']).toBeUndefined()
  })

  test.each(['__proto__', 'constructor', 'prototype'])(
    'a custom field with the name %s is refused',
    async (name) => {
      const gateway = await createTestGateway()
      expect(
        await gateway.execute(document, { input: { ...contact, customFields: [{ name, value: 'x' }] } }),
      ).toEqual({
        data: {
          createContact: {
            contact: null,
            userErrors: [{ field: ['input', 'customFields', '0', 'name'], code: 'INVALID' }],
          },
        },
      })
      expect(upstreamRequests(gateway)).toBe(0)
    },
  )

  test.each([
    ['a null byte', 'A\u0000da'],
    ['a lone surrogate', 'A\ud800'],
    ['an escape sequence for terminals', '\u001b[31mAda'],
  ])('%s in a name is refused', async (_name, name) => {
    const gateway = await createTestGateway()
    const { data } = await gateway.execute<{ createContact: { userErrors: unknown } }, unknown>(document, {
      input: { ...contact, name },
    })
    expect(data?.createContact.userErrors).toEqual([{ field: ['input', 'name'], code: 'INVALID' }])
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test.each(['1e999', '-0', '123456789012345678901234567890', 'true', '{}', '[["x"]]', 'null'])(
    'the JSON value %s instead of a name is refused',
    async (value) => {
      const gateway = await createTestGateway()
      const body = `{"query":${JSON.stringify(document)},"variables":{"input":{"identifier":"1","source":"WHATSAPP","name":${value}}}}`
      expect(await resultOf(await gateway.post(body))).toEqual({
        status: 400,
        data: undefined,
        errors: [expect.stringMatching(/^BAD_USER_INPUT: Variable "\$input" got invalid value/)],
      })
      expect(upstreamRequests(gateway)).toBe(0)
    },
  )

  test('the last of two equal JSON keys counts, as in JSON.parse', async () => {
    const gateway = await createTestGateway()
    const body = `{"query":"{__typename}","query":${JSON.stringify(document)},"variables":{"input":{"identifier":"1","source":"WHATSAPP","name":"Eve","name":"Ada"}}}`
    expect(await resultOf(await gateway.post(body))).toMatchObject({
      data: { createContact: { contact: { name: 'Ada' } } },
    })
    expect(upstreamRequests(gateway)).toBe(1)
  })

  test('45,000 nested lists are refused', async () => {
    const gateway = await createTestGateway()
    const nested = `${'['.repeat(45_000)}${']'.repeat(45_000)}`
    const body = `{"query":${JSON.stringify(document)},"variables":{"input":{"identifier":"1","source":"WHATSAPP","name":"Ada","tags":${nested}}}}`
    expect(await resultOf(await gateway.post(body))).toMatchObject({
      status: 400,
      errors: [expect.stringMatching(/^BAD_USER_INPUT: /)],
    })
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('a request id with a line break for the log is replaced', async () => {
    const gateway = await createTestGateway()
    const [answer] = await sendRaw(
      gateway.url,
      `GET /livez HTTP/1.1\r\nhost: localhost\r\nx-request-id: 1"}\\n{"level":"error\r\nconnection: close\r\n\r\n`,
    )
    expect(answer?.headers['x-request-id']).toMatch(/^[\w-]{36}$/)
  })
})

describe('ids with names of JavaScript’s own properties', () => {
  test.each(['constructor', '__proto__', 'toString', 'phone', 'bsuid'])(
    'the id %s is sent as any other',
    async (id) => {
      const gateway = await createTestGateway()
      const query = `mutation{addConversationNote(input:{uuid:"${id}",text:"Hi"}){userErrors{field}} deleteContact(input:{uuid:"${id}"}){userErrors{field}}}`
      const userErrors = [{ field: ['input', 'uuid'] }]
      expect(await gateway.execute(query)).toEqual({
        data: { addConversationNote: { userErrors }, deleteContact: { userErrors } },
      })
      expect(gateway.sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        `POST /v1/contacts/${id}/conversation/note`,
        `DELETE /v1/contacts/${id}`,
      ])
      const metrics = await (await fetch(new URL('/metrics', gateway.url))).text()
      expect(metrics.match(/attempts_total\{.*$/gm)?.filter((line) => !line.endsWith(' 0'))).toEqual([
        'attempts_total{method="POST",route="/contacts/{uuid}/conversation/note",result="404"} 1',
        'attempts_total{method="DELETE",route="/contacts/{uuid}",result="404"} 1',
      ])
    },
  )
})
