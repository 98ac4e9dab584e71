/** Which items a command line names: ids, ranges of ids, or none, for the one that the caller holds. */
import { WrkError } from '../../core/errors.ts'
import { isInRange, parseIdRange } from '../../core/items/id-range.ts'
import { compareNumbers, displayOfFileName, parseId } from '../../core/items/ids.ts'
import { itemPlaces } from '../../store/items/places/item-places.ts'
import { heldItem } from '../claims/held-items.ts'
import type { Context } from '../context.ts'

export interface NamedItems {
  /** Each item once, in the order in which they were named. */
  ids: string[]
  /** Whether several were asked for: also by a range that holds but one. */
  areSeveral: boolean
}

/**
 * Reads all words before anything is done: a mistake in the last one stops the first.
 * @param verb the command, for the next step of a message
 * @throws WrkError USAGE (no id, no range), NOT_FOUND (a range without items), NO_SESSION (no word, and no session)
 */
export async function namedItems(
  context: Context,
  verb: string,
  words: readonly string[],
): Promise<NamedItems> {
  if (words.length === 0) return { ids: [await heldItem(context, verb)], areSeveral: false }
  const { store } = context
  const { idPrefix } = store.settings
  const named = words.map(word => parseIdRange(word, idPrefix) ?? word)
  // Also for the check of those that are none.
  const keys = named.map(one => (typeof one === 'string' ? parseId(one, idPrefix).key : null))
  const [first] = named
  if (named.length === 1 && typeof first === 'string') return { ids: [first], areSeveral: false }
  const places = named.some(one => typeof one !== 'string') ? itemPlaces(store.host.disk, store.root) : []
  const found = new Map<string, string>()
  const add = (key: string, id: string) => found.has(key) || found.set(key, id)
  for (const [i, one] of named.entries()) {
    if (typeof one === 'string') {
      add(keys[i]!, one)
      continue
    }
    const inside = places.filter(({ key }) => isInRange(one, key))
    if (inside.length === 0)
      throw new WrkError('NOT_FOUND', `no items in the range ${one.text}`, { hint: 'See: wrk list --all' })
    inside.sort((a, b) => compareNumbers(a.key, b.key))
    for (const { key, name } of inside) add(key, displayOfFileName(name))
  }
  return { ids: [...found.values()], areSeveral: true }
}
