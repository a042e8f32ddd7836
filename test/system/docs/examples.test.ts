/** The examples of the pages are correct: queries, responses, and lists of what exists. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { buildSchema, Kind, parse, print, validate } from 'graphql'
import { expect, onTestFinished, test } from 'vitest'
import * as account from '../../../src/sandbox/account.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { codeBlock, codeBlocks, pages } from '../../support/pages.ts'

const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'))
const page = (name: string) => readFileSync(`docs/${name}.md`, 'utf8')
const createContact = readFileSync('schema/operations/CreateContact.graphql', 'utf8')
const giulia = { identifier: '+39 333 123 4567', source: 'WHATSAPP', name: 'Giulia Bianchi' }

test('every query of the pages is valid, and runs on the sandbox', async () => {
  const queries = pages.flatMap(codeBlocks).filter(({ kind }) => kind === 'graphql')
  expect(queries.length).toBeGreaterThan(0)
  const gateway = await createTestGateway()
  for (const { code } of queries) {
    expect(validate(schema, parse(code))).toEqual([])
    expect(await gateway.execute(code)).toEqual({ data: expect.any(Object) })
  }
})

/** The fields of the types that a document defines, each as `Type.name(arguments): type`. */
function fieldsOf(sdl: string): string[] {
  return parse(sdl).definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return []
    return (definition.fields ?? []).map(({ name, arguments: given = [], type }) => {
      const args = given
        .map(
          (arg) =>
            `${arg.name.value}: ${print(arg.type)}${arg.defaultValue ? ` = ${print(arg.defaultValue)}` : ''}`,
        )
        .toSorted()
      return `${definition.name.value}.${name.value}(${args.join(', ')}): ${print(type)}`
    })
  })
}

test('the outline of the schema has every query and mutation, each with its exact type', () => {
  const listed = fieldsOf(codeBlock('docs/getting-started.md', 'graphql schema'))
  const real = fieldsOf(readFileSync('schema/schema.graphql', 'utf8'))
  expect(listed.filter((field) => !real.includes(field))).toEqual([])
  expect(real.filter((field) => /^(?:Query|Mutation)\./.test(field) && !listed.includes(field))).toEqual([])
})

const adapters = ['send-fetch', 'send-graphql-request', 'send-apollo', 'send-urql']

test('the examples of the frontend page are the files that are tested with the package', () => {
  const shown = codeBlocks('docs/frontend.md').filter(({ kind }) => kind.startsWith('ts'))
  expect(shown.map(({ kind, code }) => [kind, code])).toEqual(
    ['graphql-request', 'apollo', 'once', ...adapters].map((name) => [
      `ts ${name}`,
      readFileSync(`test/system/consumers/${name}.ts`, 'utf8'),
    ]),
  )
})

test('the examples of the client’s page are those of the frontend page', () => {
  for (const kind of ['ts once', 'ts send-fetch']) {
    expect(codeBlock('src/client/README.md', kind)).toBe(codeBlock('docs/frontend.md', kind))
  }
})

/** Runs the example of `once` as a separate program, with the client from source. @returns its output */
async function runOnce(adapter: string, url: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'once-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'node_modules'))
  for (const library of ['graphql', 'graphql-request', '@apollo', '@urql'])
    symlinkSync(resolve('node_modules', library), join(folder, 'node_modules', library))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const name of ['once', adapter]) {
    const code = codeBlock('docs/frontend.md', `ts ${name}`)
      .replace('http://127.0.0.1:4000/graphql', url)
      .replace('./send-fetch.ts', `./${adapter}.ts`)
      .replaceAll('callbell-graphql-client', resolve('src/client/index.ts'))
    writeFileSync(join(folder, `${name}.ts`), code)
  }
  const { stdout } = await promisify(execFile)(process.execPath, ['once.ts'], { cwd: folder })
  return stdout
}

test.each(adapters)(
  'once with %s creates one contact, although its first answer is UNKNOWN',
  async (adapter) => {
    /** The number of answered creates; undefined: none has started. */
    let answered: (() => number) | undefined
    const gateway = await createTestGateway({
      resendAfterMs: 1000,
      // Until the first create has been answered, no lookup proves anything.
      sandbox: {
        faultOf: ({ method }) =>
          method === 'GET' && answered?.() === 0 ? { status: 404, body: '<html>' } : undefined,
      },
    })
    // From now on, Callbell's time is known.
    await gateway.execute('{ teams { id } }')
    answered = () => gateway.log.filter(({ operation }) => operation === 'CreateContact').length
    gateway.sandbox.failNext({ on: 'POST', status: 502, body: '<html>Bad Gateway</html>', afterWork: true })
    expect(await runOnce(adapter, gateway.url)).toBe('created Giulia Bianchi true\n')
    expect(gateway.sandbox.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
    await expect.poll(answered).toBe(2)
  },
)

test.each(adapters)(
  'once with %s ends with the error of a gateway that refuses the caller',
  async (adapter) => {
    const gateway = await createTestGateway({ authentication: { apiKeys: () => [] } })
    const output = await runOnce(adapter, gateway.url)
    expect(output.split('\n')[0]).toMatch(/^nothing was created /)
    expect(output).toContain("code: 'UNAUTHENTICATED'")
  },
)

test('the error of the errors page is that of a create without a key that times out', async () => {
  const gateway = await createTestGateway({ timeoutMs: 1000 })
  gateway.sandbox.failNext({ on: 'POST', status: 500, delayMs: 60_000 })
  const response = await gateway.post(JSON.stringify({ query: createContact, variables: { input: giulia } }))
  const shown = JSON.parse(codeBlock('docs/errors.md', 'json', 1))
  expect((await response.json()).errors).toEqual([
    {
      ...shown,
      locations: expect.any(Array),
      extensions: { ...shown.extensions, requestId: expect.stringMatching(/^[\da-f-]{36}$/) },
    },
  ])
})

test('the userError of the errors page is that of a control character in a custom field', async () => {
  const gateway = await createTestGateway()
  const customFields = [{ name: 'Billing Address', value: 'Via\u0000Roma' }]
  const { data } = await gateway.execute(createContact, { input: { ...giulia, customFields } })
  expect(data).toEqual({
    createContact: {
      contact: null,
      replayed: false,
      userErrors: [JSON.parse(codeBlock('docs/errors.md', 'json'))],
    },
  })
})

test('the readiness of the observability page is that of an open circuit', async () => {
  const gateway = await createTestGateway({
    health: { upstreamState: () => ({ breaker: 'open', isTokenRejected: false }) },
  })
  const shown = JSON.parse(codeBlock('docs/observability.md', 'json'))
  expect(await (await fetch(new URL('/readyz', gateway.url))).json()).toEqual({
    ...shown,
    upstream: 'sandbox',
  })
})

test('every key of the log example is documented', () => {
  const entry = JSON.parse(codeBlock('docs/observability.md', 'json log'))
  const keys = [...Object.keys(entry), ...Object.keys(entry.fields[0])]
  const text = page('observability')
  expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([])
})

test('the sandbox page lists the complete account', () => {
  const fields = [...account.customFields].flatMap(([name, field]) => [
    name,
    ...('options' in field ? field.options : []),
  ])
  const records = [
    ...account.teams,
    ...account.channels,
    ...account.funnels,
    account.bot,
    account.firstContact,
  ]
  const names = [...account.tags, ...fields, ...account.users, ...records.map(({ uuid }) => uuid)]
  const text = page('sandbox')
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('every variable of .env.example is documented', () => {
  const listed = [...readFileSync('.env.example', 'utf8').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  const text = pages.map((file) => readFileSync(file, 'utf8')).join('')
  expect(listed.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('every error code has a heading', () => {
  const sources = [
    'src/domain/callbell-error.ts',
    'src/contacts/attempts/failure.ts',
    'src/graphql/error-table.ts',
    'src/graphql/request-error.ts',
  ]
  const codes = sources.flatMap((file) => readFileSync(file, 'utf8').match(/'[A-Z]+_[A-Z_]+'/g) ?? [])
  expect(codes.length).toBeGreaterThan(10)
  const headings = new Set([...page('errors').matchAll(/^### (\w+)/gm)].map(([, heading]) => `'${heading}'`))
  expect(codes.filter((code) => code !== "'NOT_APPLIED'" && !headings.has(code))).toEqual([])
})
