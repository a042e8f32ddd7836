/** The public texts use the field's words, and sentences that can be read at once. */
import { readFileSync } from 'node:fs'
import { buildSchema, Kind, parse, visit } from 'graphql'
import { expect, test } from 'vitest'
import dashboard from '../../../deploy/grafana-dashboard.json' with { type: 'json' }
import { pages } from '../../support/pages.ts'

const mostWords = 30

const deploymentFiles = [
  'compose.yaml',
  'Dockerfile',
  'deploy/Caddyfile',
  'deploy/kubernetes.yaml',
  'deploy/nginx.conf',
]

/** Private words, and what to say instead. */
const forbidden: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\bmend(?:s|ed|ing)?\b/i, 'fix'],
  [/\b(?:told|tells?|telling)\b/i, 'report, log, know, say'],
  [/\b(?:is|are|was|were|be) away\b/i, 'is unreachable'],
  [/\b(?:left|leaves?|leaving) alone\b/i, 'the circuit is open; keeps'],
  [/\bthe line\b|\bin line\b/i, 'the queue'],
  [/\btakes? (?:his|its|their )?turns?\b|\b(?:its|their) turn\b/i, 'permit, one at a time'],
  [/\bpaces?\b/i, 'rate limit'],
  [/\ba text\b|\btexts\b/i, 'a string'],
  [/\b(?:is|are|has) no (?:JSON|cursor|HTTP|e-mail|number|GraphQL)\b|\bno JSON\b/i, 'is not valid …'],
  [/\bso many\b/i, 'n'],
  [/\bwho(?:ever|soever)\b/i, 'a client that'],
  [/\bcomes? to the same\b/i, 'is idempotent'],
  [/\b(?:made|make|makes|asked) again\b/i, 'retried'],
  [/\bone after the other\b/i, 'consecutive'],
  [/\bgood for a link\b/i, 'safe to put in a URL'],
  [/\bthe thing itself\b/i, 'the contact, the message'],
  [/\bin words of\b|\bwords? of (?:ours|theirs)\b|\bown words?\b/i, 'a fixed message'],
  [/\bstrangers?\b/i, 'unauthenticated clients'],
  [/\bunder way\b/i, 'in flight'],
  [/\b(?:can be|can.t be|cannot be|to be) had\b/i, 'available'],
  [/\bnobody can\b/i, 'unknown'],
  [/\bas it comes\b/i, 'with defaults'],
  [/\b(?:a look|looks)\b(?! up)/i, 'a lookup, verifies, checks'],
  [/\bwhat became of\b/i, 'the outcome of'],
  [/\blet in\b|\bturned away\b/i, 'accepted, rejected'],
  [/\bgone on with\b/i, 'continued'],
  [/\bdearest\b/i, 'most expensive'],
  [/\bmerciful|\bforgives?\b/i, 'is strict, accepts'],
]

/** One sentence, with where it stands. */
interface Sentence {
  readonly where: string
  readonly text: string
}

/** Splits a paragraph, an item, a heading or a cell. Code counts as one word. */
function sentencesOf(where: string, paragraph: string): Sentence[] {
  const plain = paragraph
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/`[^`]+`/g, 'CODE')
    .replaceAll(/<[^>]+>/g, 'CODE')
    .replaceAll(/[*|]/g, ' ')
    .replaceAll(/\s+/g, ' ')
  return plain.split(/(?<=[.!?]["”)*]*) /).map((text) => ({ where, text: text.trim() }))
}

/** The sentences of a Markdown page. Lines that follow each other are one paragraph. */
function sentencesOfPage(page: string): Sentence[] {
  const text = readFileSync(page, 'utf8')
    .replaceAll(/^```.*?^```$/gms, '')
    .replaceAll(/<!--.*?-->/gs, '')
  const paragraphs = text
    // A new paragraph at each heading, item and cell.
    .replaceAll(/^(?=\s*(?:[-*] |\d+\. |#|>))/gm, '\n')
    .replaceAll(/^\|.*\|$/gm, (row) => `\n${row.replaceAll(' | ', '\n\n')}\n`)
    .split(/\n\s*\n/)
  return paragraphs.flatMap((paragraph) => sentencesOf(page, paragraph))
}

/** The sentences of the schema's descriptions. */
function sentencesOfSchema(): Sentence[] {
  const sentences: Sentence[] = []
  const text = readFileSync('schema/schema.graphql', 'utf8')
  buildSchema(text)
  visit(parse(text), {
    enter(node) {
      if (!('description' in node) || node.description?.kind !== Kind.STRING) return
      const where = 'name' in node && node.name?.kind === Kind.NAME ? node.name.value : node.kind
      for (const paragraph of node.description.value.split(/\n\s*\n/)) {
        sentences.push(...sentencesOf(where, paragraph))
      }
    },
  })
  return sentences
}

/** The comments of a deployment file. Lines that follow each other are one paragraph. */
function sentencesOfComments(file: string): Sentence[] {
  const comments = readFileSync(file, 'utf8').match(/(?:^[ \t]*# .*\n)+/gm) ?? []
  return (
    comments
      .map((comment) => comment.replaceAll(/^[ \t]*# /gm, ''))
      // Commands and YAML to copy are indented, or have keys.
      .flatMap((comment) => comment.split(/\n(?: {2,}.*|[\w -]*:.*|\s*-.*)/))
      .flatMap((comment) => sentencesOf(file, comment))
  )
}

function sentencesOfDashboard(): Sentence[] {
  return dashboard.panels.flatMap(({ title, description = '' }) =>
    sentencesOf(title, `${title}. ${description}`),
  )
}

function wordsOf(text: string): number {
  return text.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}

const longOnes = (sentences: readonly Sentence[]): string[] =>
  sentences
    .filter(({ text }) => wordsOf(text) > mostWords)
    .map(({ where, text }) => `${where} (${wordsOf(text)} words): ${text}`)

const privateWords = (sentences: readonly Sentence[]): string[] =>
  sentences.flatMap(({ where, text }) =>
    forbidden
      .filter(([words]) => words.test(text))
      .map(([words, instead]) => `${where}: "${words.exec(text)?.[0]}" → ${instead}: ${text}`),
  )

const texts: readonly (readonly [name: string, sentences: () => readonly Sentence[]])[] = [
  ...pages.map((page) => [page, () => sentencesOfPage(page)] as const),
  ...deploymentFiles.map((file) => [file, () => sentencesOfComments(file)] as const),
  ['deploy/grafana-dashboard.json', sentencesOfDashboard],
  ['schema/schema.graphql', sentencesOfSchema],
]

test.each(texts)('%s has no private word and no sentence of over 30 words', (_name, sentences) => {
  expect([...longOnes(sentences()), ...privateWords(sentences())]).toEqual([])
})

test('a long sentence and a private word would be noticed, and code would not', () => {
  const long = `${'word '.repeat(31)}end. ${'word '.repeat(29)}end.`
  expect(longOnes(sentencesOf('here', long))).toHaveLength(1)
  const text = 'The store is away. `it is away` and [the line](x.md) are told.'
  expect(privateWords(sentencesOf('here', text)).map((found) => found.split(':')[1])).toEqual([
    ' "is away" → is unreachable',
    ' "told" → report, log, know, say',
    ' "the line" → the queue',
  ])
})
