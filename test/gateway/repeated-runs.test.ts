/**
 * The first run of an operation plans it, and later runs use the plan. On both paths, all runs have the same
 * requests to Callbell, response and log line.
 */
import fc from 'fast-check'
import { parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import { schema } from '../../src/schema.ts'
import { readDocumentedOperations } from '../../src/http/playground/documented-operations.ts'
import { anyDocument } from '../support/any-document.ts'
import { bodyOf, openPaths, runs } from '../support/both-paths.ts'

const leastInput = { identifier: '1', source: 'TELEGRAM', name: 'Ada' }
const update =
  'mutation($u:ID!,$n:String,$note:String,$a:String){updateContact(input:{uuid:$u,name:$n,note:$note,assignedUser:$a}){contact{name}}}'
const marker = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d'

interface Expected {
  /** The requests to Callbell. */
  readonly upstream: readonly string[]
  /** The parsed body of the response, or the code of its first error. */
  readonly answer: object | string
}

const patch = (body: object): string => `PATCH /v1/contacts/u ${JSON.stringify(body)}`
const post = (body: object): string => `POST /v1/contacts ${JSON.stringify(body)}`
const renamed = { data: { updateContact: { contact: { name: 'Zoë "Quote" Ünïcode \u2028 😀' } } } }
const wire = { identifier: '1', source: 'telegram', name: 'Ada' }
const created = { data: { createContact: { contact: { uuid: 'c1' } } } }

const definitions = {
  v: 'String',
  d: 'String="x"',
  l: '[String!]',
  c: '[CustomFieldInput!]',
  b: 'BotStatus',
  id: 'ID',
}

/** A create that defines the variables in `rest`. */
function create(rest: string): string {
  const used = Object.entries(definitions).filter(([name]) => new RegExp(`\\$${name}\\b`).test(rest))
  const defined = used.length > 0 ? `(${used.map(([name, type]) => `$${name}:${type}`).join()})` : ''
  return `mutation${defined}{createContact(input:{identifier:"1",source:TELEGRAM,name:"Ada"${rest}}){contact{uuid}}}`
}

async function expectRuns(query: string, variables: unknown, { upstream, answer }: Expected): Promise<void> {
  const { expectSameAtEachRun, expectSameTraces, requests } = await openPaths()
  const { body } = await expectSameAtEachRun(bodyOf(query, variables))
  expect([...new Set(requests)]).toEqual(upstream)
  expect(requests).toHaveLength(runs * upstream.length)
  const response = JSON.parse(body)
  expect(typeof answer === 'string' ? response.errors[0].extensions.code : response).toEqual(answer)
  await expectSameTraces()
}

describe('variables in an input have the same effect in each run', () => {
  test.each<[string, string, object, Expected]>([
    ['left out', update, { u: 'u', n: 'Ada' }, { upstream: [patch({ name: 'Ada' })], answer: renamed }],
    [
      'null that clears fields',
      update,
      { u: 'u', n: 'Ada', note: null, a: null },
      { upstream: [patch({ name: 'Ada', unassign_user: true, note: '' })], answer: renamed },
    ],
    [
      'null for a field that cannot be cleared',
      update,
      { u: 'u', n: null },
      { upstream: [], answer: { data: { updateContact: { contact: null } } } },
    ],
    ['a required one left out', update, { n: 'Ada' }, { upstream: [], answer: 'BAD_USER_INPUT' }],
    [
      'null in place of a default that a required field needs',
      'mutation($n:String="x"){createContact(input:{identifier:"1",source:TELEGRAM,name:$n}){contact{uuid}}}',
      { n: null },
      { upstream: [], answer: 'BAD_USER_INPUT' },
    ],
    [
      'a default that a required field needs',
      'mutation($n:String="Ada"){createContact(input:{identifier:"1",source:TELEGRAM,name:$n}){contact{uuid}}}',
      {},
      { upstream: [post(wire)], answer: created },
    ],
    [
      'null in place of a default, in a list of non-null items',
      'mutation($t:String="x"){createContact(input:{identifier:"1",source:TELEGRAM,name:"Ada",tags:["a",$t]}){contact{uuid}}}',
      { t: null },
      { upstream: [], answer: 'BAD_USER_INPUT' },
    ],
    [
      'null in place of a default, in an object in a list',
      'mutation($n:String="A"){createContact(input:{identifier:"1",source:TELEGRAM,name:"Ada",customFields:[{name:$n,value:"x"}]}){contact{uuid}}}',
      { n: null },
      { upstream: [], answer: 'BAD_USER_INPUT' },
    ],
    [
      'null in place of a default, as an enum',
      'mutation($s:ContactSource=TELEGRAM){createContact(input:{identifier:"1",source:$s,name:"Ada"}){contact{uuid}}}',
      { s: null },
      { upstream: [], answer: 'BAD_USER_INPUT' },
    ],
    [
      'null in place of a default, as the whole argument',
      'mutation($i:CreateContactInput={identifier:"1",source:TELEGRAM,name:"Ada"}){createContact(input:$i){contact{uuid}}}',
      { i: null },
      { upstream: [], answer: 'BAD_USER_INPUT' },
    ],
    [
      'a default for the whole argument',
      'mutation($i:CreateContactInput={identifier:"1",source:TELEGRAM,name:"Ada"}){createContact(input:$i){contact{uuid}}}',
      {},
      { upstream: [post(wire)], answer: created },
    ],
    [
      'null for an argument that is an id',
      'query($u:ID="x"){contact(uuid:$u){uuid}}',
      { u: null },
      { upstream: [], answer: 'BAD_USER_INPUT' },
    ],
    ['an optional string left out', create(',note:$v'), {}, { upstream: [post(wire)], answer: created }],
    [
      'an optional string that is null',
      create(',note:$v'),
      { v: null },
      { upstream: [post(wire)], answer: created },
    ],
    [
      'an optional string with a default',
      create(',note:$d'),
      {},
      { upstream: [post({ ...wire, note: 'x' })], answer: created },
    ],
    [
      'a default that null overrides',
      create(',note:$d'),
      { d: null },
      { upstream: [post(wire)], answer: created },
    ],
    ['a list left out', create(',tags:$l'), {}, { upstream: [post(wire)], answer: created }],
    [
      'a list of one in place of a list',
      create(',tags:$l'),
      { l: 'a' },
      { upstream: [post({ ...wire, tags: ['a'] })], answer: created },
    ],
    ['a null in a list', create(',tags:$l'), { l: ['a', null] }, { upstream: [], answer: 'BAD_USER_INPUT' }],
    [
      'objects in a list',
      create(',customFields:$c'),
      { c: [{ name: 'A', value: 'x', values: null }] },
      { upstream: [post({ ...wire, custom_fields: { A: 'x' } })], answer: created },
    ],
    [
      'an object with a variable that is left out',
      create(',customFields:[{name:"A",value:$v,values:$l}]'),
      { l: ['o'] },
      { upstream: [post({ ...wire, custom_fields: { A: ['o'] } })], answer: created },
    ],
    ['an enum left out', create(',botStatus:$b'), {}, { upstream: [post(wire)], answer: created }],
    [
      'an enum',
      create(',botStatus:$b'),
      { b: 'END' },
      { upstream: [post({ ...wire, bot_status: 'bot_end' })], answer: created },
    ],
    [
      'an invalid enum value',
      create(',botStatus:$b'),
      { b: 'end' },
      { upstream: [], answer: 'BAD_USER_INPUT' },
    ],
    [
      'a number as an id',
      create(',teamUuid:$id'),
      { id: 7 },
      { upstream: [post({ ...wire, team_uuid: '7' })], answer: created },
    ],
    ['an object as a string', create(',note:$v'), { v: {} }, { upstream: [], answer: 'BAD_USER_INPUT' }],
  ])('%s', (_name, query, variables, expected) => expectRuns(query, variables, expected))
})

describe('literals have the same effect in each run', () => {
  const literals: readonly (readonly [string, string, object])[] = [
    ['a marker of an executor', JSON.stringify(marker), { note: marker }],
    [
      'a marker followed by code',
      JSON.stringify(`${marker}"+(globalThis.pwned=1)+"`),
      { note: `${marker}"+(globalThis.pwned=1)+"` },
    ],
    ['a template string', '"${process.exit(1)}`"', { note: '${process.exit(1)}`' }],
    ['escapes', String.raw`"\u0041\n\"\\"`, { note: 'A\n"\\' }],
    ['a block string', '"""\n  a\n    b\n  """', { note: 'a\n  b' }],
    ['a line separator', JSON.stringify('a\u2028b'), { note: 'a\u2028b' }],
    ['null', 'null', {}],
  ]
  test.each(literals)('%s', async (_name, literal, rest) => {
    await expectRuns(
      create(`,note:${literal}`),
      {},
      { upstream: [post({ ...wire, ...rest })], answer: created },
    )
    expect(Reflect.get(globalThis, 'pwned')).toBeUndefined()
  })

  test('a list of one, an enum and an id that is a number', () =>
    expectRuns(
      create(',tags:"a",botStatus:START,teamUuid:5'),
      {},
      {
        upstream: [post({ ...wire, tags: ['a'], team_uuid: '5', bot_status: 'bot_start' })],
        answer: created,
      },
    ))
})

describe('names in the response are the same in each run', () => {
  test('a field with an alias is logged and counted by its own name', async () => {
    const query =
      'mutation{y_x:deleteContact(input:{uuid:"1"}){deletedUuid} x:openConversation(input:{uuid:"1"}){y:contact{uuid}}}'
    const { expectSameAtEachRun, expectSameTraces, fast } = await openPaths()
    const { body } = await expectSameAtEachRun(bodyOf(query))
    expect(JSON.parse(body)).toEqual({ data: { y_x: { deletedUuid: '1' }, x: { y: { uuid: '1' } } } })
    expect(fast.log.map((line) => line['fields'])).toEqual([
      [
        expect.objectContaining({ field: 'deleteContact', outcome: 'APPLIED' }),
        expect.objectContaining({ field: 'openConversation', outcome: 'APPLIED' }),
      ],
    ])
    await expectSameTraces()
  })

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'then', 'data', 'errors'])(
    'the alias %s, at the root and below it',
    async (alias) => {
      const query = `{ ${alias}: contact(uuid: "x") { ${alias}: uuid team { ${alias}: name } list: customFields { ${alias}: name } } }`
      const { expectSameAtEachRun } = await openPaths()
      const { body } = await expectSameAtEachRun(bodyOf(query))
      expect(body).toBe(
        `{"data":{"${alias}":{"${alias}":"x","team":{"${alias}":"Sales"},"list":[{"${alias}":"A"},{"${alias}":"B"}]}}}`,
      )
    },
  )
})

describe('fragments and directives have the same effect in each run', () => {
  test.each<[string, object, number]>([
    ['conditions by variables', { s: true, i: true }, 1],
    ['conditions by other variables', { s: false, i: false }, 1],
    ['conditions by defaults', {}, 1],
  ])('%s', async (_name, variables, calls) => {
    const query =
      'query($s:Boolean=false,$i:Boolean=true){contact(uuid:"x"){uuid ...on Contact@skip(if:$s){name ...F} tags@include(if:$i) bot@skip(if:true){botUuid}}} fragment F on Contact{team{...T}} fragment T on Team{name@include(if:$i) id}'
    const { expectSameAtEachRun, expectSameTraces, requests } = await openPaths()
    await expectSameAtEachRun(bodyOf(query, variables))
    expect(requests).toHaveLength(runs * calls)
    await expectSameTraces()
  })

  test('conditions that change between runs', async () => {
    const query = 'query($s:Boolean!){contact(uuid:"x"){uuid bot@skip(if:$s){botUuid}}}'
    const { expectSameAtEachRun, requests } = await openPaths()
    const bodies = []
    for (const s of [true, false, true]) {
      const { body } = await expectSameAtEachRun(bodyOf(query, { s }), 10)
      bodies.push(JSON.parse(body).data.contact)
    }
    expect(bodies).toEqual([{ uuid: 'x' }, { uuid: 'x', bot: { botUuid: 'b1' } }, { uuid: 'x' }])
    expect(requests).toHaveLength(10 + 20 + 10)
  })
})

test('every documented operation has the same effect in each run', { timeout: 120_000 }, async () => {
  const { expectSameAtEachRun, expectSameTraces } = await openPaths()
  for (const { query, variables, name } of await readDocumentedOperations()) {
    // With a key, the later runs are replays.
    const { input, ...others } = JSON.parse(variables)
    const { idempotencyKey: _key, ...unkeyed } = input ?? {}
    const given = input === undefined ? others : { input: unkeyed }
    const { status } = await expectSameAtEachRun(bodyOf(query, given, { operationName: name }))
    expect(status).toBe(200)
  }
  await expectSameTraces()
})

test('any document with any variables has the same effect in each run', { timeout: 120_000 }, async () => {
  const { expectSameAtEachRun, expectSameTraces } = await openPaths()
  const known = {
    source: ['TELEGRAM'],
    identifier: ['1', '+39 02'],
    name: ['Ada', 'A'],
    uuid: ['x', 'missing'],
  }
  await fc.assert(
    fc.asyncProperty(anyDocument(schema, known), async ({ query, variables }) => {
      fc.pre(validate(schema, parse(query)).length === 0)
      // With a key, the second run is a replay and differs from the first.
      fc.pre(!(query + JSON.stringify(variables)).includes('idempotencyKey'))
      await expectSameAtEachRun(bodyOf(query, variables))
    }),
    { numRuns: 15, endOnFailure: true },
  )
  await expectSameTraces()
})

test('a create whose input is one variable has the same effect in each run', () =>
  expectRuns(
    `mutation($i:CreateContactInput!){createContact(input:$i){contact{uuid}}}`,
    { i: leastInput },
    { upstream: [post(wire)], answer: created },
  ))
