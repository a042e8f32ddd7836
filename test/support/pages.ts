/** The public texts, and what tests read from them. */
import { globSync, readFileSync } from 'node:fs'

/** Paths of all pages for people and programs. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'llms.txt',
  ...globSync('docs/**/*.md').toSorted(),
]

export interface CodeBlock {
  readonly page: string
  /** What stands behind the fence: a language, and what the block is: `ts retry`. */
  readonly kind: string
  readonly code: string
}

export function codeBlocks(page: string): CodeBlock[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```(\S[^\n]*)\n(.*?)^```$/gms)
  return [...blocks].map(([, kind = '', code = '']) => ({ page, kind, code }))
}

/** @returns the code of the page's only block of that kind, or of the one at that place among them */
export function codeBlock(page: string, kind: string, place = 0): string {
  const found = codeBlocks(page).filter((block) => block.kind === kind)[place]
  if (found === undefined) throw new Error(`${page} has no block ${kind} at ${place}`)
  return found.code
}
