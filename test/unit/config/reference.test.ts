/** The generated reference of the configuration. `npm run check:generated` fails if it is stale. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { updateReference } from '../../../src/config/reference.ts'

const files = ['.env.example', 'docs/configuration.md'] as const
type File = (typeof files)[number]

/** @returns a folder with the committed files, of which one is edited */
function folderWith(file: File, edit: (text: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'reference-'))
  mkdirSync(join(folder, 'docs'))
  for (const name of files) cpSync(name, join(folder, name))
  writeFileSync(join(folder, file), edit(readFileSync(file, 'utf8')))
  return folder
}

test('the committed files are up to date: if not, run `npm run generate`', () => {
  expect(updateReference('.', true)).toEqual([])
})

test.each<[File, string, (text: string) => string]>([
  ['.env.example', 'lacks a variable', (text) => text.replace('#PORT=4000\n', '')],
  ['.env.example', 'has another default', (text) => text.replace('#PORT=4000', '#PORT=4001')],
  ['docs/configuration.md', 'lacks a variable', (text) => text.replace('### `PORT`\n', '')],
  ['docs/configuration.md', 'has another limit', (text) => text.replace('65535', '65536')],
])('%s that %s is found with --check, and rewritten without it', (file, _what, edit) => {
  const folder = folderWith(file, edit)
  const stale = readFileSync(join(folder, file), 'utf8')
  expect(updateReference(folder, true)).toEqual([file])
  expect(readFileSync(join(folder, file), 'utf8')).toBe(stale)
  expect(updateReference(folder, false)).toEqual([file])
  expect(readFileSync(join(folder, file), 'utf8')).toBe(readFileSync(file, 'utf8'))
  expect(updateReference(folder, true)).toEqual([])
})

test('text around the generated part is kept', () => {
  const folder = folderWith('docs/configuration.md', (text) => `By hand.\n${text}By hand, too.\n`)
  expect(updateReference(folder, true)).toEqual([])
})
