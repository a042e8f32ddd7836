/** Paths of this repository that pages, comments and configuration name, and the projects of the tests. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const path = /(?<![\w./@-])(?:src|test|docs|schema|deploy)\/[\w./-]+\.(?:ts|js|md|graphql|json|yaml|conf)\b/g

const files = [
  ...globSync('{src,test,docs,schema,deploy,.github,.vscode}/**/*.{ts,js,md,yml,yaml,json,conf}', {
    exclude: (name) => name === 'node_modules',
  }),
  ...globSync(
    '{*.md,*.ts,*.json,*.yml,*.yaml,llms.txt,Dockerfile,.env.example,.oxlintrc.json,test/bench/.npmrc}',
  ),
].filter((file) => !/package-lock\.json$|^CHANGELOG\.md$/.test(file))

test('every path that a file names exists', () => {
  expect(files.length).toBeGreaterThan(400)
  const missing = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(path)]
      .map(([name]) => name)
      .filter((name) => !existsSync(name))
      .map((name) => `${file}: ${name}`),
  )
  expect(missing).toEqual([])
})

test('every test file belongs to a project', () => {
  const tests = globSync('test/**/*.test.ts', { exclude: (name) => name === 'node_modules' })
  // `npm run bench:pace` runs it.
  const others = tests.filter((file) => !/^test\/(?:unit|gateway|system)\//.test(file))
  expect(others).toEqual(['test/bench/pace.test.ts'])
})
