/** Comments of the tests, and titles of tests, use the field's words and short sentences. */
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { longOnes, privateWords, sentencesOfComment } from './sentences.ts'
import { readSourceText } from './source-text.ts'

/** Private words and their replacements. */
const data = /^test\/unit\/docs\/(?:sentences|words\.test)\.ts$/

const files = globSync('test/**/*.ts', { exclude: (name) => name === 'node_modules' })
  .filter((file) => !file.startsWith('test/bench/') && !data.test(file))
  .toSorted()

test.each(files)('%s has no private word and no sentence of over 30 words', (file) => {
  const { comments, titles } = readSourceText(readFileSync(file, 'utf8'))
  const sentences = [...comments, ...titles].flatMap((text) => sentencesOfComment(file, text))
  expect([...longOnes(sentences), ...privateWords(sentences)]).toEqual([])
})

test('titles are found, and other strings are not', () => {
  const source = [
    `describe('one', () => {})`,
    `test.skipIf(isOld)(\n  "two",\n  () => f('x'))`,
    `test.each(['a (b)', 'c'])(\`three \${d}\`, () => g(h)(i, 'j'))`,
    `test(name, () => context.test('k'))`,
  ].join('\n')
  expect(readSourceText(source).titles).toEqual(['one', 'two', 'three …'])
})
