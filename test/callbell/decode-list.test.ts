import { expect, test } from 'vitest'
import { decodeList } from '../../src/callbell/decode-list.ts'

test('a page has at most 1,000 items', () => {
  const page = (count: number): string => JSON.stringify({ teams: Array.from({ length: count }, () => ({})) })
  const decoded = decodeList(page(1000), 'teams', () => 1)
  expect(decoded).toMatchObject({ items: { length: 1000 } })
  expect(decodeList(page(1001), 'teams', () => 1)).toEqual({ failure: 'TOO_MANY_ITEMS' })
})
