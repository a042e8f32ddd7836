/** Relative links of the pages lead to files, and their anchors to headings. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { pages } from '../../support/pages.ts'

/** Written by `npm run generate`. */
const generated = 'docs/configuration.md'

/** The anchors that GitHub generates from headings. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replaceAll(/^```.*?^```$/gms, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function brokenLinks(page: string): string[] {
  const text = readFileSync(page, 'utf8').replaceAll(/^```.*?^```$/gms, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^https?:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : normalize(join(dirname(page), path))
    if (target === generated && !existsSync(target)) return []
    if (!existsSync(target)) return [`${page}: ${link}`]
    return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [`${page}: ${link}`]
  })
}

test('every relative link has a target', () => {
  expect(pages.length).toBeGreaterThan(15)
  expect(pages.flatMap(brokenLinks)).toEqual([])
})

test('every page of docs/ is linked from the README or from another page', () => {
  const linked = new Set(
    pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s#]+)/g)].map(([, path = '']) =>
        normalize(join(dirname(page), path)),
      ),
    ),
  )
  expect(pages.filter((page) => page.startsWith('docs/') && !linked.has(page))).toEqual([])
})

test('every path on the pages for contributors exists', () => {
  const shown = ['CONTRIBUTING.md', 'docs/architecture.md'].flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/`((?:src|test|schema|docs|deploy)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    ),
  )
  expect(shown.length).toBeGreaterThan(20)
  expect(shown.filter((path) => !existsSync(path))).toEqual([])
})
