import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import { createYoga } from 'graphql-yoga'
import pino from 'pino'
import { expect, test, vi } from 'vitest'
import type { GatewayContext, GatewayPlugin } from '../../src/graphql/builder.ts'
import { createReadyOperations } from '../../src/http/fast-lane/ready-operations.ts'

/** What no rule of validation lets through, and the compiler therefore does not take. */
const text = 'query Odd ($x: Nope) { word }'

test('what can’t be compiled goes on being interpreted, and that is told once', async () => {
  const lines: unknown[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) })
  const readyOperations = createReadyOperations(log, 1)
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { word: { type: GraphQLString } } }),
  })
  const contexts: GatewayContext[] = []
  const unchecked: GatewayPlugin = {
    onValidate: ({ setResult }) => setResult([]),
    onExecute: ({ args }) => void contexts.push(args.contextValue),
  }
  const yoga = createYoga({ schema, plugins: [unchecked, readyOperations.plugin], logging: false })
  await yoga.fetch('http://localhost/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text }),
  })
  const [context] = contexts
  const ready = readyOperations.find(text, 'Odd')
  if (context === undefined || ready === undefined) throw new Error('it is not ready')

  const answers = [await ready.run(context, {}), await ready.run(context, {})]
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  answers.push(await ready.run(context, {}), await ready.run(context, {}))

  expect(lines).toEqual([
    {
      level: 40,
      operation: 'Odd',
      err: expect.objectContaining({ message: expect.stringContaining('"Nope"') }),
      msg: 'an operation can’t be compiled, and goes on as it was',
    },
  ])
  expect(answers.map(({ errors }) => errors?.map(({ message }) => message))).toEqual(
    answers.map(() => ['Variable "$x" expected value of type "Nope" which cannot be used as an input type.']),
  )
})
