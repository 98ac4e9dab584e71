/** Words that are added to lists of an item, and taken out of them. */
import { isDependencyKey } from '../../../core/items/details.ts'
import { keyOfField } from '../../../core/items/ids.ts'
import { editList } from '../../../markdown/edit/list-edit.ts'
import { listWords } from '../../../markdown/edit/list-words.ts'
import { type Current, type ItemText, invalid } from '../../../store/items/current-item.ts'
import { NeedsFullReader } from '../../../store/readers.ts'
import type { Context } from '../../context.ts'

/** By field, what is added and what is taken out. */
export type ListChanges = ReadonlyMap<string, { add: readonly string[]; remove: readonly string[] }>

export interface ChangedLists {
  text: ItemText
  /** What the lists that changed hold now. */
  words: Record<string, string[]>
}

/**
 * The file with the lists changed; null when they have all that already.
 * @throws WrkError INVALID_ITEM, with its place, where the file's form does not allow it
 */
export function changeLists({ store }: Context, current: Current, changes: ListChanges): ChangedLists | null {
  let { bytes, frontmatter } = current.file
  const words: Record<string, string[]> = {}
  for (const [key, { add, remove }] of changes) {
    const isSame = sameness(key, store.settings.idPrefix)
    const isRemoved = (word: string) => remove.some(one => isSame(one, word))
    const made = editList(bytes, frontmatter, key, { add, remove: isRemoved, isSame }, current.full)
    if (made.kind === 'same') continue
    if (made.kind === 'needsFull') throw new NeedsFullReader()
    if (made.kind === 'error') throw invalid(current, made.error)
    bytes = made.bytes
    frontmatter = made.after
    words[key] = made.words ?? []
  }
  return Object.keys(words).length === 0 ? null : { text: { bytes, frontmatter }, words }
}

/** Ids are the same however they are spelled; other words are what they are. */
function sameness(key: string, idPrefix: string): (a: string, b: string) => boolean {
  if (!isDependencyKey(key)) return (a, b) => a === b
  return (a, b) => {
    const id = keyOfField(a, idPrefix)
    return id === null ? a === b : id === keyOfField(b, idPrefix)
  }
}

/**
 * The changes that make an item wait for others, and no longer for some: added to the field in which it says so, and
 * taken out of all.
 */
export function dependencyChanges(
  { fields }: Current,
  add: readonly string[],
  remove: readonly string[],
): ListChanges {
  const present = fields.pairs.filter(({ key }) => isDependencyKey(key))
  const used = present.find(({ value }) => listWords(value).length > 0) ?? present[0]
  const target = used?.key ?? 'blocked_by'
  const others = present.filter(({ key }) => key !== target)
  return new Map([[target, { add, remove }], ...others.map(({ key }) => [key, { add: [], remove }] as const)])
}
