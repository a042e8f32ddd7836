/** The folders of `src/`: what each may import, and how large its files may be. `docs/architecture.md` describes them. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** From top to bottom. A file may import from its own folder and from those below it. `.` is `src/` itself. */
const layers = [
  '.',
  'cluster',
  'config',
  'sandbox',
  'client',
  'http',
  'http/auth',
  'http/playground',
  'operations',
  'graphql/mutations',
  'graphql/queries',
  'graphql/types',
  'graphql',
  'contacts',
  'contacts/create',
  'contacts/change',
  'contacts/read',
  'contacts/locks',
  'contacts/rules',
  'contacts/attempts',
  'callbell',
  'callbell/codec',
  'rate-limit',
  'store',
  'telemetry',
  'domain',
]

/** Files of `src/` itself that every folder may import. */
const shared = new Set(['listen.ts', 'package-root.ts'])
const maxLines = 250
const generated = 'client/documents.ts'

const source = resolve('src')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

function textOf(file: string): string {
  return readFileSync(join(source, file), 'utf8')
}

/** The text of a file without its comments. */
function codeOf(file: string): string {
  return textOf(file).replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, '')
}

/** @returns the files of `src/` that a file imports, relative to `src/` */
function importsOf(file: string): string[] {
  const specifiers = textOf(file).matchAll(/(?:from|import)[ (]+'(?<path>\.[^']+)'/g)
  return Array.from(specifiers, ({ groups }) =>
    normalize(join(dirname(file), groups?.['path'] ?? '')),
  ).filter((path) => !path.startsWith('..') && !shared.has(path))
}

test('every folder has a position in the order of imports', () => {
  const folders = new Set(files.map((file) => dirname(file)))
  expect([...folders].toSorted()).toEqual(layers.toSorted())
  // A reader of the code has to know the list. `.` is not a folder of its own.
  expect(layers.length - 1).toBeLessThanOrEqual(25)
})

test('no file imports from a higher folder', () => {
  const upward = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => layers.indexOf(dirname(path)) < layers.indexOf(dirname(file)))
      .map((path) => `${file} imports ${path}`),
  )
  expect(upward).toEqual([])
})

test('only bootstrap.ts imports the sandbox', () => {
  const users = files.filter(
    (file) => dirname(file) !== 'sandbox' && importsOf(file).some((path) => dirname(path) === 'sandbox'),
  )
  expect(users).toEqual(['bootstrap.ts'])
})

test('only the folders around the process use it', () => {
  const users = files.filter((file) => /\bprocess\.|node:process/.test(codeOf(file)))
  const allowed =
    /^(?:main|cli|bootstrap)\.ts$|^cluster\/|^config\/(?:environment|reference)\.ts$|^telemetry\/log\.ts$/
  expect(users.filter((file) => !allowed.test(file))).toEqual([])
})

test('the client imports nothing of the gateway, and no package', () => {
  const client = files.filter((file) => dirname(file) === 'client')
  const imports = client.flatMap((file) =>
    [...codeOf(file).matchAll(/\bfrom '(?<path>[^']+)'/g)].map(({ groups }) => groups?.['path'] ?? ''),
  )
  expect(imports).not.toEqual([])
  expect(imports.filter((path) => !path.startsWith('./'))).toEqual([])
})

test('the lower folders do not import GraphQL', () => {
  const lower = files.filter((file) => /^(?:callbell|contacts|rate-limit|store|domain)\b/.test(file))
  expect(lower.filter((file) => /from 'graphql/.test(textOf(file)))).toEqual([])
})

test('no file has more than 250 lines', () => {
  const long = files
    .filter((file) => file !== generated)
    .map((file) => ({ file, lines: textOf(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines > maxLines)
  expect(long).toEqual([])
})
