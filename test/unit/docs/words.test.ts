/** The pages, the schema and the deployment files use the field's words and short sentences. */
import { readFileSync } from 'node:fs'
import { buildSchema, Kind, parse, visit } from 'graphql'
import { expect, test } from 'vitest'
import dashboard from '../../../deploy/grafana-dashboard.json' with { type: 'json' }
import { pages } from '../../support/pages.ts'
import type { Sentence } from './sentences.ts'
import { longOnes, privateWords, sentencesOf } from './sentences.ts'

const deploymentFiles = [
  'compose.yaml',
  'Dockerfile',
  'deploy/Caddyfile',
  'deploy/kubernetes.yaml',
  'deploy/nginx.conf',
]

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

const texts: readonly (readonly [name: string, sentences: () => readonly Sentence[]])[] = [
  ...pages.map((page) => [page, () => sentencesOfPage(page)] as const),
  ...deploymentFiles.map((file) => [file, () => sentencesOfComments(file)] as const),
  ['deploy/grafana-dashboard.json', sentencesOfDashboard],
  ['schema/schema.graphql', sentencesOfSchema],
]

test.each(texts)('%s has no private word and no sentence of over 30 words', (_name, sentences) => {
  expect([...longOnes(sentences()), ...privateWords(sentences())]).toEqual([])
})

test('a long sentence and a private word are found, and code is ignored', () => {
  const long = `${'word '.repeat(31)}end. ${'word '.repeat(29)}end.`
  expect(longOnes(sentencesOf('here', long))).toHaveLength(1)
  const text = 'The store is away. `it is away` and [the line](x.md) are told.'
  expect(privateWords(sentencesOf('here', text)).map((found) => found.split(':')[1])).toEqual([
    ' "is away" → is unreachable',
    ' "told" → report, log, know, say',
    ' "the line" → the queue',
  ])
})
