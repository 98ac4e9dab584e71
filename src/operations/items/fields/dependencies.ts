/** What an item may be made to wait for: an item of the queue that does not wait for it already. */
import { WrkError } from '../../../core/errors.ts'
import { blockersOf, graphOf } from '../../../core/items/graph.ts'
import { displayOfFileName, type ItemKey, parseId } from '../../../core/items/ids.ts'
import { printable } from '../../../core/text.ts'
import { findItem } from '../../../store/items/places/find-item.ts'
import type { Store } from '../../../store/store.ts'
import type { Context } from '../../context.ts'
import { candidates } from '../queries/candidates.ts'

/**
 * An item's id as its file spells it, which is how others name it.
 * @throws WrkError USAGE, NOT_FOUND
 */
export function spelledId(store: Store, text: string): string {
  const id = parseId(text, store.settings.idPrefix)
  const [place] = findItem(store, id)
  return text.includes('#') ? id.display : displayOfFileName(place!.name)
}

/**
 * The ids that an item is to wait for, as their files spell them. Looked at before the item is changed: two calls at
 * once may still make a circle, which `wrk doctor` reports.
 * @throws WrkError USAGE, NOT_FOUND; INVALID_ITEM where that would make a circle
 */
export async function newBlockers(
  context: Context,
  idText: string,
  texts: readonly string[],
): Promise<string[]> {
  const { store } = context
  const { idPrefix } = store.settings
  const own = parseId(idText, idPrefix)
  const spelled = texts.map(text => spelledId(store, text))
  const items = (await candidates(context, 'details')).filter(item => !item.closed || item.key === own.key)
  const { nodes } = graphOf(items)
  for (const text of spelled) {
    const way = wayTo(own.key, parseId(text, idPrefix).key, key => {
      const node = nodes.get(key)
      return node ? blockersOf(node, nodes) : []
    })
    if (way === null) continue
    const ids = way.map(key => printable(nodes.get(key)?.id ?? own.display, 60))
    const why = way.length === 1 ? 'an item cannot wait for itself' : `${ids.join(' waits for ')} already`
    throw new WrkError('INVALID_ITEM', `${own.display} cannot wait for ${text}: ${why}`, {
      hint:
        way.length === 1 ? `wrk show ${own.display}` : `See what waits for what: wrk graph ${own.display}`,
    })
  }
  return spelled
}

/** From an item along what it waits for to another, both included; null where that leads nowhere. */
function wayTo(to: ItemKey, from: ItemKey, next: (key: ItemKey) => readonly ItemKey[]): ItemKey[] | null {
  const came = new Map<ItemKey, ItemKey | null>([[from, null]])
  for (const key of came.keys()) {
    if (key === to) {
      const way = [key]
      for (let at = came.get(key); at; at = came.get(at)) way.unshift(at)
      return way
    }
    for (const other of next(key)) if (!came.has(other)) came.set(other, key)
  }
  return null
}
