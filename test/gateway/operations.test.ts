/** The engine without HTTP and Yoga: its results contain nothing internal. */
import type { ExecutionResult } from 'graphql'
import { buildSchema, parse } from 'graphql'
import { expect, test } from 'vitest'
import { answerLimits, createAnswerSizes } from '../../src/graphql/answer-size.ts'
import { createRequestContext } from '../../src/http/request-context.ts'
import { createOperations } from '../../src/operations/operations.ts'
import { createCallerLimit } from '../../src/rate-limit/caller-limit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { RequestRecorder } from '../../src/telemetry/request-recorder.ts'
import { createTestGateway } from '../support/test-gateway.ts'
import { createTestContext } from '../support/test-context.ts'

interface RunResult {
  readonly result: ExecutionResult
  /** Level, message and error message of each line. */
  readonly lines: readonly unknown[]
}

function fail(): never {
  throw new Error('detail')
}

function createSchema() {
  const schema = buildSchema(`
    type Query { broken: String late: String costly(first: Int): String }
    type Mutation { broken: String }
  `)
  const [query, mutation] = [schema.getQueryType(), schema.getMutationType()]
  const { broken, late, costly } = query?.getFields() ?? {}
  const { broken: change } = mutation?.getFields() ?? {}
  if (!broken || !late || !costly || !change) expect.unreachable()
  broken.resolve = fail
  late.resolve = () => Promise.reject(new Error('detail'))
  change.resolve = fail
  costly.extensions = { cost: fail }
  return schema
}

async function run(
  text: string,
  variables = {},
  callsPerSecond = 0,
  introspection = true,
): Promise<RunResult> {
  const written: string[] = []
  const log = createLog({
    level: 'info',
    secrets: [],
    destination: { write: (line) => void written.push(line) },
  })
  const limit = createCallerLimit({ callsPerSecond })
  const operations = createOperations({ schema: createSchema(), limit, log, introspection })
  const recorder = new RequestRecorder('r1', {
    metrics: createMetrics({ version: '0', mutations: [] }),
    startTrace: undefined,
    upstream: {},
    onFieldEnd: () => undefined,
    onEnd: () => undefined,
  })
  const { contacts } = await createTestGateway()
  const context = createRequestContext({
    contacts,
    caller: createTestContext().caller,
    recorder,
    size: createAnswerSizes(answerLimits)(),
    readBody: () => Promise.reject(new Error('not read')),
  })
  const operation = operations.prepare(text, parse(text), undefined) ?? expect.unreachable()
  const result = await operations.execute(operation, context, variables)
  const lines = written.map((line) => {
    const { level, msg, err } = JSON.parse(line)
    return [level, msg, err.message]
  })
  return { result: JSON.parse(JSON.stringify(result)), lines }
}

const masked = {
  message: 'Something went wrong inside the gateway.',
  extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false, requestId: 'r1' },
}
const logged = [['error', 'unexpected error', 'detail']]

test.each(['broken', 'late'])('a bug in the field %s is masked, and logged in full', async (field) => {
  const { result, lines } = await run(`{ ${field} }`)
  expect(result).toEqual({
    data: { [field]: null },
    errors: [{ ...masked, path: [field], locations: [{ line: 1, column: 3 }] }],
  })
  expect(lines).toEqual(logged)
})

test('a bug in a mutation has an outcome', async () => {
  const { result, lines } = await run('mutation { broken }')
  expect(result.errors).toMatchObject([
    { ...masked, extensions: { ...masked.extensions, outcome: 'UNKNOWN' } },
  ])
  expect(lines).toEqual(logged)
})

test('a bug before execution is masked, and logged in full', async () => {
  const { result, lines } = await run('{ costly(first: 1) }')
  const http = { status: 500 }
  expect(result).toEqual({ errors: [{ ...masked, extensions: { http, ...masked.extensions } }] })
  expect(lines).toEqual(logged)
})

test('a mutation that is not admitted is NOT_APPLIED', async () => {
  const { result, lines } = await run('mutation { a: broken b: broken c: broken }', {}, 1)
  expect(result).toEqual({
    errors: [
      {
        message: 'This operation needs 3 calls to Callbell; the limit for this caller is 2 per burst.',
        extensions: {
          http: { status: 429, headers: {} },
          code: 'RATE_LIMITED',
          outcome: 'NOT_APPLIED',
          retryable: false,
          requestId: 'r1',
        },
      },
    ],
  })
  expect(lines).toEqual([])
})

test('a variable of a wrong type is BAD_USER_INPUT', async () => {
  const { result, lines } = await run('query ($first: Int) { costly(first: $first) }', { first: 'x' })
  expect(result).toEqual({
    errors: [
      {
        message: 'Variable "$first" got invalid value "x"; Int cannot represent non-integer value: "x"',
        locations: [{ line: 1, column: 8 }],
        extensions: { http: { status: 400 }, code: 'BAD_USER_INPUT', retryable: false, requestId: 'r1' },
      },
    ],
  })
  expect(lines).toEqual([])
})
