/** The README's examples are real responses, and the README is short. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startGateway } from '../../support/child-gateway.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { codeBlock } from '../../support/pages.ts'

const readme = readFileSync('README.md', 'utf8')
const create = /curl .*? -d '([^']+)'/s.exec(readme)?.[1] ?? ''
const answer = JSON.parse(codeBlock('README.md', 'json'))
const failure = JSON.parse(codeBlock('README.md', 'json', 1))

test('the README has at most 150 lines', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(151)
})

test('the response to the create is that of a new sandbox, and a repeat is a replay', async () => {
  const url = await startGateway().url
  const headers = { 'content-type': 'application/json' }
  const send = async () => (await fetch(url, { method: 'POST', headers, body: create })).json()
  expect(await send()).toEqual(answer)
  const { createContact } = answer.data
  expect(await send()).toEqual({ data: { createContact: { ...createContact, replayed: true } } })
})

test('the error is that of the same create when Callbell does not answer in time', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1000 })
  gateway.sandbox.failNext({ on: 'POST', status: 500, delayMs: 60_000 })
  const { errors } = await (await gateway.post(create)).json()
  expect(errors).toEqual([
    {
      ...failure,
      locations: expect.any(Array),
      extensions: { ...failure.extensions, requestId: expect.stringMatching(/^[\da-f-]{36}$/) },
    },
  ])
})
