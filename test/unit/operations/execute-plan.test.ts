/**
 * The engine has the results of graphql-js: any document with any variables runs on both, with the real schema
 * and fake contacts. Whole results are compared, errors with their locations, and so are the calls of each
 * resolver. The engine runs again on the same plan, as it does at the hundredth request of a document.
 */
import fc from 'fast-check'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { execute, getOperationAST, getVariableValues, parse, validate } from 'graphql'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Contacts } from '../../../src/contacts/contacts.ts'
import { answerLimits, createAnswerSizes } from '../../../src/graphql/answer-size.ts'
import type { GatewayContext } from '../../../src/graphql/builder.ts'
import { schema } from '../../../src/schema.ts'
import { createRequestContext } from '../../../src/http/request-context.ts'
import { executePlan } from '../../../src/operations/execute-plan.ts'
import { PlanCache, PreparedOperation } from '../../../src/operations/prepared-operation.ts'
import { FieldErrors, OpenFields } from '../../../src/operations/run.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { RequestRecorder } from '../../../src/telemetry/request-recorder.ts'
import { anyDocument } from '../../support/any-document.ts'
import { createTestContext } from '../../support/test-context.ts'

const measure = createAnswerSizes(answerLimits)
const metrics = createMetrics({ version: '0', mutations: [] })
const ignore = (): void => undefined

/** A valid contact, or for certain names a value that the decoders would reject. */
function fakeContact(name: unknown): unknown {
  if (name === 'x') return null
  if (name === '\u2028') return { uuid: null, tags: [] }
  if (name === '`') return { uuid: 'u', tags: ['a', null], customFields: [null, { name: 'A' }] }
  if (name === '') throw new Error('detail')
  return {
    uuid: 'c1',
    name: 'Zoë "Quote"',
    phoneNumber: null,
    source: 'whatsapp',
    sourceName: 'whatsapp',
    createdAt: '2025-12-18T20:00:19Z',
    tags: ['a', 'b'],
    customFields: [{ name: 'A', value: 'x', values: ['y'], type: 'text', options: null }],
    team: { uuid: 't1', name: 'Sales', default: true, memberCount: 3 },
    channel: null,
    bsuid: null,
  }
}

/** Contacts that record every call, and whose results depend on one argument. */
function createFakeContacts(calls: string[]): Contacts {
  // GraphQL must handle any result, valid or not.
  const give = (name: string, key: unknown, ...args: readonly unknown[]) => {
    calls.push(JSON.stringify([name, key, ...args]))
    return JSON.parse(JSON.stringify(fakeContact(key)))
  }
  const change = async (name: string, key: unknown, input: object) => {
    const given = give(name, key, input)
    const problem = { path: ['name'], message: 'no', code: 'INVALID' } as const
    const problems = given === null ? [problem] : []
    return { contact: given, result: given, isAdded: true, replayed: false, problems }
  }
  const list = async (name: string, key: unknown, input: object) => {
    const node = give(name, key, input)
    const edges = ['c', 'd'].map((cursor) => ({ cursor, node }))
    const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: 'd' }
    return { edges, pageInfo }
  }
  return {
    findKeyed: async (key) => ({ state: 'APPLIED', contactUuid: key }),
    create: (input) => change('create', input.identifier, input),
    addNote: (input) => change('addNote', input.uuid, input),
    update: (input) => change('update', input.uuid, input),
    delete: (input) => change('delete', input.uuid, input),
    closeConversation: (input) => change('close', input.uuid, input),
    openConversation: (input) => change('open', input.uuid, input),
    moveToFunnel: (input) => change('move', input.uuid, input),
    setBotStatus: (input) => change('setBot', input.uuid, input),
    find: async (uuid, _origin, hasFieldTypes) => give('find', uuid, hasFieldTypes),
    findByPhone: async (phone, channel) => give('phone', phone, channel),
    findByBsuid: async (bsuid) => give('bsuid', bsuid),
    bot: async (uuid) => give('bot', uuid),
    list: (input) => list('list', input.after, input),
    messages: (uuid, step) => list('messages', step.after, { uuid, ...step }),
    teams: async () => [give('teams', 'all')],
    channels: async () => [give('channels', 'all'), null],
    funnels: async () => [],
    calibration: { isProved: () => true },
    checkToken: () => Promise.resolve(true),
    stop: () => Promise.resolve(),
  }
}

function createContext(calls: string[]): GatewayContext {
  const { caller } = createTestContext()
  const recorder = new RequestRecorder('r1', {
    metrics,
    startTrace: undefined,
    upstream: {},
    onFieldEnd: ignore,
    onEnd: ignore,
  })
  return createRequestContext({
    contacts: createFakeContacts(calls),
    caller,
    recorder,
    size: measure(),
    readBody: () => Promise.reject(new Error('not read')),
  })
}

interface Observation {
  readonly result: unknown
  readonly calls: readonly string[]
  readonly outcomes: readonly unknown[]
}

function describe({ data, errors }: ExecutionResult): unknown {
  const seen = errors?.map((error: GraphQLError) => [error.message, error.path, error.locations])
  // As JSON, so that the order of fields counts. Errors of concurrent fields may come in any order.
  return { data: JSON.stringify(data), errors: seen?.map((error) => JSON.stringify(error)) }
}

async function observe(
  run: (context: GatewayContext) => ExecutionResult | Promise<ExecutionResult>,
): Promise<Observation> {
  const calls: string[] = []
  const context = createContext(calls)
  const result = await run(context)
  // After a failed non-null field, other fields may run for some microtasks.
  await setImmediate()
  return { result: describe(result), calls, outcomes: [...context.outcomes] }
}

/** The number of runs whose variables the fast coercion accepted. */
let fastCoercions = 0

function runEngine(
  prepared: PreparedOperation,
  variables: Readonly<Record<string, unknown>>,
): Promise<Observation> {
  return observe((context) => {
    const { document, operation, fragments } = prepared
    const { errors, coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
    // The fast coercion has the result of graphql-js.
    const fastCoerced = prepared.coerceVariables(variables)
    if (fastCoerced) {
      fastCoercions += 1
      expect(errors).toBeUndefined()
      expect(fastCoerced).toEqual(coerced)
    }
    if (errors) return { errors }
    const plan = prepared.planFor(fastCoerced ?? coerced)
    // The calculation of admission changes nothing.
    plan.calls(coerced)
    return executePlan(
      {
        schema,
        document,
        operation,
        fragments,
        variableValues: fastCoerced ?? coerced,
        context,
        size: context.size,
        errors: new FieldErrors(),
        open: new OpenFields(),
      },
      plan.root,
    )
  })
}

test(
  'any document with any variables has the result of graphql-js, at each run',
  { timeout: 120_000 },
  async () => {
    let valid = 0
    await fc.assert(
      fc.asyncProperty(anyDocument(schema), async ({ query, variables }) => {
        const document = parse(query)
        // Validation rejects conflicting fields, and variables of a wrong type.
        if (validate(schema, document).length > 0) return
        valid += 1
        const expected = await observe((contextValue) =>
          execute({ schema, document, contextValue, variableValues: variables }),
        )
        const operation = getOperationAST(document) ?? expect.unreachable()
        const prepared = new PreparedOperation(schema, document, operation, new PlanCache(query.length))
        expect(await runEngine(prepared, variables)).toEqual(expected)
        // Other conditions: another plan of the same operation.
        const others = Object.fromEntries(
          Object.entries(variables).map(([name, value]) => [
            name,
            typeof value === 'boolean' ? !value : value,
          ]),
        )
        await runEngine(prepared, others)
        expect(await runEngine(prepared, variables)).toEqual(expected)
      }),
      { numRuns: 600 },
    )
    expect(valid).toBeGreaterThan(200)
    expect(fastCoercions).toBeGreaterThan(500)
  },
)
