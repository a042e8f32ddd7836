import { expect, test } from 'vitest'
import { decodeList } from '../../../../src/callbell/codec/decode-list.ts'

const pageOf = (count: number): string => JSON.stringify({ teams: Array.from({ length: count }, () => ({})) })

test('a page has at most 1,000 items', () => {
  expect(decodeList(pageOf(1000), 'teams', () => 1)).toMatchObject({ items: { length: 1000 } })
  expect(decodeList(pageOf(1001), 'teams', () => 1)).toEqual({ failure: 'TOO_MANY_ITEMS' })
})
