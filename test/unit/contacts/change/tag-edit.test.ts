/** The result of edits of a list of tags, and whether a list shows that they were applied. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TagEdit } from '../../../../src/contacts/rules/update-rules.ts'
import {
  applyEdit,
  isSameToCallbell,
  misspelledTags,
  undoneTags,
} from '../../../../src/contacts/change/tag-edit.ts'

function edit(parts: Partial<TagEdit>): TagEdit {
  return { replacement: null, add: [], remove: [], expected: null, ...parts }
}

test.each<[Partial<TagEdit>, string[], string[]]>([
  [{ add: ['b', 'a', 'b'] }, ['a'], ['a', 'b']],
  [{ remove: ['a', 'c'] }, ['a', 'b'], ['b']],
  [{ remove: ['A'] }, ['a'], ['a']],
  [{ add: ['A'] }, ['a'], ['a', 'A']],
  [{ add: ['c'], remove: ['a'] }, ['a', 'b'], ['b', 'c']],
  [{ replacement: [] }, ['a'], []],
])('the edit %j of %j gives %j', (parts, tags, expected) => {
  expect(applyEdit(edit(parts), tags)).toEqual(expected)
})

test.each<[Partial<TagEdit>, string[], string[]]>([
  [{ add: ['a', 'b'] }, ['a'], ['addTags.1']],
  [{ add: [' Caf\u0065\u0301 '] }, ['CAF\u00c9'], []],
  [{ remove: ['a', 'b'] }, ['b', 'A'], ['removeTags.1']],
  [{ replacement: ['a', 'b'] }, ['A', 'c'], ['tags.1']],
])('the edit %j is not applied in %j at %j', (parts, tags, paths) => {
  expect(undoneTags(edit(parts), tags).map(({ path }) => path.join('.'))).toEqual(paths)
})

test.each<[string[], string[], string[]]>([
  [['vip'], ['VIP'], ['VIP']],
  [['vip'], ['VIP', 'vip'], []],
  [['vip'], ['VIPs'], []],
  [['a', 'b '], ['a', 'b'], ['b']],
])('the tags %j are spelled in %j as %j', (remove, tags, spellings) => {
  expect(misspelledTags(edit({ remove }), tags).map(({ spelling }) => spelling)).toEqual(spellings)
})

test('an edit is applied in its own result, in any order', () => {
  const tags = fc.uniqueArray(fc.string({ maxLength: 2 }), { maxLength: 8 })
  fc.assert(
    fc.property(tags, tags, tags, (before, add, removed) => {
      const remove = removed.filter((tag) => !add.includes(tag))
      const parts = edit({ add, remove })
      const after = applyEdit(parts, before)
      expect(undoneTags(parts, after)).toEqual([])
      expect(isSameToCallbell(after, after.toReversed())).toBe(true)
      for (const tag of before) expect(after.includes(tag)).toBe(!remove.includes(tag))
    }),
  )
})
