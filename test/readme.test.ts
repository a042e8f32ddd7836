import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as account from '../src/sandbox/account.ts'
import { startGateway } from './support/child-gateway.ts'

const readme = readFileSync('README.md', 'utf8')

test('the first example’s answer is the one that a fresh sandbox gives', async () => {
  const request = /curl .*? -d '([^']+)'/s.exec(readme)?.[1] ?? ''
  const answer = /```json\n(.*?)```/s.exec(readme)?.[1] ?? ''
  const response = await fetch(await startGateway().url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: request,
  })
  expect(await response.json()).toEqual(JSON.parse(answer))
})

test('the frontends’ examples are those that are tried with the package', () => {
  const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, example]) => example)
  const tried = ['graphql-request', 'apollo'].map((name) => readFileSync(`test/consumers/${name}.ts`, 'utf8'))
  expect(examples).toEqual(tried)
})

test('the sandbox’s account is listed whole', () => {
  const fields = [...account.customFields].flatMap(([name, field]) => [
    name,
    ...('options' in field ? field.options : []),
  ])
  const things = [
    ...account.teams,
    ...account.channels,
    ...account.funnels,
    account.bot,
    account.firstContact,
  ]
  const names = [...account.tags, ...fields, ...account.users, ...things.map(({ uuid }) => uuid)]
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})

test('every variable of .env.example is explained', () => {
  const listed = [...readFileSync('.env.example', 'utf8').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  expect(listed.filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})

test('every error code is explained', () => {
  const sources = [
    'src/domain/callbell-error.ts',
    'src/contacts/attempts/failure.ts',
    'src/graphql/error-table.ts',
    'src/graphql/request-error.ts',
  ]
  const codes = sources.flatMap((file) => readFileSync(file, 'utf8').match(/'[A-Z]+_[A-Z_]+'/g) ?? [])
  expect(codes.length).toBeGreaterThan(10)
  expect(codes.filter((code) => !readme.includes(code.replaceAll("'", '`')))).toEqual([])
})
