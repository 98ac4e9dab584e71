/** Whether an edited text may become the item. */
import { missingFields } from '../../../core/commits/form.ts'
import {
  type Frontmatter,
  type FullReader,
  placeInFile,
  readFrontmatter,
} from '../../../markdown/frontmatter.ts'
import type { YamlMap } from '../../../markdown/node.ts'
import { findPair, scalarText } from '../../../markdown/scalar.ts'
import { interpret } from '../../../store/items/item-reading.ts'
import type { ItemPlace } from '../../../store/items/places/item-places.ts'
import { withReaders } from '../../../store/readers.ts'
import type { Store } from '../../../store/store.ts'

export interface EditProblem {
  line: number
  column: number
  message: string
}

const LOCK = ['locked_by', 'locked_at']

/**
 * What an edited text must not be: unreadable, without the fields that everything relies on, of another id, or with
 * other lock lines, which follow from the record.
 * @param before the fields as they were; null for a file that could not be read
 */
export function problemsOf(
  store: Store,
  place: ItemPlace,
  bytes: Buffer,
  before: YamlMap | null,
): Promise<EditProblem[]> {
  return withReaders(full => {
    const found = readFrontmatter(bytes, full)
    const { problems } = interpret(store, place, found)
    const blocking = problems.filter(({ blocks, code }) => blocks || code === 'duplicate-key')
    if (found.kind !== 'ok' || blocking.length > 0) return blocking
    const texts = ({ map }: { map: YamlMap }, key: string) => scalarText(findPair(map, key)?.value) ?? ''
    const locks = before ? LOCK.filter(key => texts(found, key) !== texts({ map: before }, key)) : []
    return [
      ...missingFields(found),
      ...locks.map(key => {
        const pair = findPair(found.map, key)
        const at = pair ? placeInFile(found.split, pair.keyStart) : { line: 1, column: 1 }
        return { ...at, message: `${key} is written by wrk claim and wrk release; leave it as it was` }
      }),
    ]
  })
}

/** The top-level fields that two texts do not have alike, in the order of the second. */
export function changedFields(before: Frontmatter, after: Frontmatter): string[] {
  const source = ({ map, split }: Frontmatter, key: string) => {
    const pair = findPair(map, key)
    return pair && split.yaml.slice(pair.value.start, pair.value.end)
  }
  const keys = [...after.map.pairs, ...before.map.pairs].map(({ key }) => key)
  return [...new Set(keys)].filter(key => source(before, key) !== source(after, key))
}

/** @throws Error when it cannot be read: it was checked before */
export function fieldsOfText(bytes: Buffer, full: FullReader | undefined): Frontmatter | null {
  const found = readFrontmatter(bytes, full)
  return found.kind === 'ok' ? found : null
}
