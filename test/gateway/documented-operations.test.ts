import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { DocumentedOperation } from '../../src/http/playground/documented-operations.ts'
import { readDocumentedOperations } from '../../src/http/playground/documented-operations.ts'
import { createTestGateway } from '../support/test-gateway.ts'

/** The calls of each operation on the sandbox of `npm start`. Default: 1. */
const calls: Readonly<Record<string, number>> = {
  ContactForm: 4,
  ContactPage: 3,
  // With the create.
  KeyedOperation: 2,
  SetBotStatus: 3,
  UpdateContact: 3,
}

const operations = await readDocumentedOperations()

test.each(operations)(
  '$name finds data with its example variables',
  async (operation: DocumentedOperation) => {
    const { execute, sandbox } = await createTestGateway({ sandbox: { seed: 300 } })
    if (operation.name === 'KeyedOperation') {
      const { query, variables } = operations.find(({ name }) => name === 'CreateContact') ?? operation
      await execute(query, JSON.parse(variables))
    }
    const { data, errors } = await execute<Record<string, unknown>, unknown>(
      operation.query,
      JSON.parse(operation.variables),
    )
    expect(errors).toBeUndefined()
    expect(Object.values(data ?? {})).not.toContain(null)
    // A mutation has nothing to fix.
    if (operation.query.includes('userErrors')) {
      for (const payload of Object.values(data ?? {})) expect(payload).toMatchObject({ userErrors: [] })
    }
    expect(sandbox.requests).toHaveLength(calls[operation.name] ?? 1)
  },
)

test('ContactPage has messages and a bot, Contacts has a next page, ContactForm has options', async () => {
  const { execute } = await createTestGateway({ sandbox: { seed: 300 } })
  const answers: Record<string, unknown> = {}
  for (const { name, query, variables } of operations) {
    if (!query.includes(`query ${name}(`)) continue
    answers[name] = (await execute(query, JSON.parse(variables))).data
  }
  expect(answers).toMatchObject({
    ContactPage: {
      contact: {
        bot: { name: 'Welcome bot' },
        messages: { edges: { length: 20 }, pageInfo: { hasNextPage: true } },
      },
    },
    Contacts: { contacts: { edges: { length: 20 }, pageInfo: { hasNextPage: true } } },
    ContactForm: {
      contact: {
        customFields: expect.arrayContaining([
          expect.objectContaining({
            type: 'CHECKBOX',
            options: ['Dark Mode', 'Notifications', 'Weekly Report'],
          }),
        ]),
      },
    },
  })
})

test('every query field and mutation of the schema is in a documented operation', () => {
  const schema = readFileSync('schema/schema.graphql', 'utf8')
  const documents = operations.map(({ query }) => query).join('\n')
  const roots = ['Query', 'Mutation'].flatMap((type) => {
    const body = new RegExp(`^type ${type} \\{\n([\\s\\S]*?)^\\}`, 'm').exec(schema)?.[1] ?? ''
    return [...body.matchAll(/^ {2}(\w+)[(:]/gm)].map(([, field]) => field)
  })
  expect(roots.length).toBeGreaterThan(8)
  expect(roots.filter((field) => !new RegExp(`^ {2}${field}\\b`, 'm').test(documents))).toEqual([])
})
