/** The pages of the documentation, and the code blocks in them. */
import { globSync, readFileSync } from 'node:fs'

/** Paths of all pages for people and programs. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'llms.txt',
  'src/client/README.md',
  ...globSync('docs/**/*.md').toSorted(),
]

export interface CodeBlock {
  readonly page: string
  /** The words after the fence: a language, and what the block is, such as `ts retry`. */
  readonly kind: string
  readonly code: string
}

export function codeBlocks(page: string): CodeBlock[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```(\S[^\n]*)\n(.*?)^```$/gms)
  return [...blocks].map(([, kind = '', code = '']) => ({ page, kind, code }))
}

/** @returns the code of the page's first block of that kind, or of the one at that position among them */
export function codeBlock(page: string, kind: string, position = 0): string {
  const found = codeBlocks(page).filter((block) => block.kind === kind)[position]
  if (found === undefined) throw new Error(`${page} has no block ${kind} at ${position}`)
  return found.code
}
