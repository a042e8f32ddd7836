/** Comments and messages of the sources use the field's words, and short sentences. */
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { longOnes, privateWords, sentencesOf, sentencesOfComment } from './sentences.ts'
import { readSourceText } from './source-text.ts'

/** Generated from the schema, whose descriptions are checked. */
const generated = /^src\/client\/documents\.ts$/
/** Strings with contents in many languages, and strings of code. */
const data = /^src\/sandbox\/(?:locales|account)\.ts$|^src\/store\//

const sources = globSync('src/**/*.ts')
  .filter((file) => !generated.test(file))
  .toSorted()

/** Shorter strings are names, values and parts of messages. */
const isMessage = (text: string): boolean => (text.match(/\p{L}{2,}/gu)?.length ?? 0) >= 3

test.each(sources)('the comments of %s have no private word and no sentence of over 30 words', (file) => {
  const { comments } = readSourceText(readFileSync(file, 'utf8'))
  const sentences = comments.flatMap((comment) => sentencesOfComment(file, comment))
  expect([...longOnes(sentences), ...privateWords(sentences)]).toEqual([])
})

test.each(sources.filter((file) => !data.test(file)))(
  'the messages of %s have no private word and no sentence of over 30 words',
  (file) => {
    const { strings } = readSourceText(readFileSync(file, 'utf8'))
    const sentences = strings
      .filter(isMessage)
      .flatMap((text) => text.split(/\n\s*\n|\n(?= )/))
      .flatMap((paragraph) => sentencesOf(file, paragraph))
    expect([...longOnes(sentences), ...privateWords(sentences)]).toEqual([])
  },
)

test('comments, strings and templates are found, and nothing else', () => {
  const source = [
    `/** One\n * block. */`,
    `// Two`,
    `// lines.`,
    `const a = 'it\\'s one' // Beside.`,
    `const b = /["'\`/]\\//.test(c) ? d / e / f : "two // three"`,
    'const g = `four ${h ? `five ${{ i: "six" }}` : "}"} seven`',
  ].join('\n')
  expect(readSourceText(source)).toEqual({
    comments: ['One\nblock. ', ' Two\n lines.', ' Beside.'],
    strings: ["it's one", 'two // three', 'six', 'five …', '}', 'four … seven'],
    titles: [],
  })
})
