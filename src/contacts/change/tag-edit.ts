/** Applies an edit to a list of tags, and checks whether a list shows the edit. Pure. */
import type { TagEdit } from '../rules/update-rules.ts'

/** A tag of an edit, and its path inside the input. */
export interface EditedTag {
  readonly path: readonly [key: 'tags' | 'addTags' | 'removeTags', position: string]
  readonly tag: string
}

/**
 * @param tags the existing list
 * @returns the list after the edit
 */
export function applyEdit({ replacement, add, remove }: TagEdit, tags: readonly string[]): readonly string[] {
  if (replacement !== null) return replacement
  const removed = new Set(remove)
  const kept = tags.filter((tag) => !removed.has(tag))
  const there = new Set(kept)
  return [...kept, ...new Set(add.filter((tag) => !there.has(tag)))]
}

/**
 * @param tags the list after the edit
 * @returns the tags of the edit that the list lacks, or that it still has although they are to be removed
 */
export function undoneTags({ replacement, add, remove }: TagEdit, tags: readonly string[]): EditedTag[] {
  const there = new Set(tags.map(comparable))
  const exactly = new Set(tags)
  const isMissing = ({ tag }: EditedTag): boolean => !there.has(comparable(tag))
  return [
    ...withPaths('tags', replacement ?? []).filter(isMissing),
    ...withPaths('addTags', add).filter(isMissing),
    ...withPaths('removeTags', remove).filter(({ tag }) => exactly.has(tag)),
  ]
}

/**
 * Tags are removed byte for byte. Two tags that differ in their case only may be two tags, and the wrong
 * one would be removed silently. So if the list has only another spelling, nothing is removed.
 *
 * @returns the tags to remove that the list has in another spelling only, with that spelling
 */
export function misspelledTags(
  { remove }: TagEdit,
  tags: readonly string[],
): (EditedTag & { readonly spelling: string })[] {
  const exactly = new Set(tags)
  const spellings = new Map(tags.map((tag) => [comparable(tag), tag]))
  return withPaths('removeTags', remove).flatMap(({ path, tag }) => {
    const spelling = spellings.get(comparable(tag))
    return spelling === undefined || exactly.has(tag) ? [] : [{ path, tag, spelling }]
  })
}

/**
 * Callbell is sent a whole list, of which the caller named some tags only.
 *
 * @param path of a rejected value of the request
 * @param sent the list that was sent
 * @returns the path in the caller's input; null where the caller named no such tag
 */
export function editPath(
  path: readonly string[] | null,
  { replacement, add }: TagEdit,
  sent: readonly string[],
): readonly string[] | null {
  if (path?.[0] !== 'tags' || replacement !== null) return path
  if (path[1] === undefined) return add.length > 0 ? ['addTags'] : null
  const position = add.indexOf(sent[Number(path[1])] ?? '')
  return position === -1 ? null : ['addTags', String(position)]
}

/** Whether two lists have exactly the same tags, in any order. */
export function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const first = new Set(one)
  const second = new Set(other)
  return one.every((tag) => second.has(tag)) && other.every((tag) => first.has(tag))
}

/** Whether two lists have the same tags in Callbell's view, in any order. */
export function isSameToCallbell(one: readonly string[], other: readonly string[]): boolean {
  return isSameSet(one.map(comparable), other.map(comparable))
}

/**
 * Callbell's filter by tags ignores their case, so it may treat two tags that differ in case as one.
 * Whether it trims tags is not documented.
 */
function comparable(tag: string): string {
  return tag.normalize('NFC').trim().toLowerCase()
}

function withPaths(key: EditedTag['path'][0], tags: readonly string[]): EditedTag[] {
  return tags.map((tag, position) => ({ path: [key, String(position)], tag }))
}
