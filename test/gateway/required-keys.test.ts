/** `IDEMPOTENCY_REQUIRED=true`. */
import { expect, test } from 'vitest'
import { createTestGateway } from '../support/test-gateway.ts'

const john = '414a6d692bd645ed803f2e7ce360d4c8'
const problem = {
  field: ['input', 'idempotencyKey'],
  code: 'BLANK',
  message:
    '`idempotencyKey` is required by this gateway. Generate one for each user action, and keep it for every retry.',
}

function call(field: string, input: string): string {
  return `mutation { ${field}(input: { ${input} }) { replayed userErrors { field code message } } }`
}

test('with required keys, a create and a note without a key are refused, and nothing is sent', async () => {
  const { execute, sandbox } = await createTestGateway({ isKeyRequired: true })
  const create = 'identifier: "1", source: TELEGRAM, name: "Ada"'
  const note = `uuid: "${john}", text: "Hello"`
  for (const [field, input] of [
    ['createContact', create],
    ['addConversationNote', note],
  ] as const) {
    for (const key of ['', ', idempotencyKey: null']) {
      expect(await execute(call(field, input + key))).toEqual({
        data: { [field]: { replayed: false, userErrors: [problem] } },
      })
    }
  }
  expect(sandbox.requests).toHaveLength(0)
  expect(await execute(call('createContact', `${create}, idempotencyKey: "k1"`))).toEqual({
    data: { createContact: { replayed: false, userErrors: [] } },
  })
  expect(await execute(call('addConversationNote', `${note}, idempotencyKey: "k2"`))).toEqual({
    data: { addConversationNote: { replayed: false, userErrors: [] } },
  })
  expect(
    await execute(`mutation { closeConversation(input: { uuid: "${john}" }) { userErrors { code } } }`),
  ).toEqual({
    data: { closeConversation: { userErrors: [] } },
  })
})
