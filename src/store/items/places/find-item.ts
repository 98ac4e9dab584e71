/** Finds the places of an item by its id. */
import { WrkError } from '../../../core/errors.ts'
import { displayOfFileName, type ItemId } from '../../../core/items/ids.ts'
import { didYouMean, nearIds } from '../../../core/suggest.ts'
import { printable } from '../../../core/text.ts'
import type { Store } from '../../store.ts'
import { type ItemPlace, itemPlaces, placesOf } from './item-places.ts'

/** How often an item must be found nowhere, or twice, to be so. */
const LOOKS = 3

/**
 * Where an item is: one place, or several (then it is ambiguous). Folders are listed one after the other, so that
 * one look may miss an item that is just being moved, or find it twice.
 * @throws WrkError NOT_FOUND
 */
export function findItem(store: Store, id: ItemId): ItemPlace[] {
  let places: ItemPlace[] = []
  for (let look = 0; look < LOOKS && places.length !== 1; look++)
    places = placesOf(store.host.disk, store.root, id.key)
  if (places.length === 0) throw notFound(store, id)
  return places
}

export function notFound(store: Store, id: ItemId): WrkError {
  const places = itemPlaces(store.host.disk, store.root)
  const near = nearIds(
    id.key,
    places.map(({ key }) => key),
  ).map(key => printable(displayOfFileName(places.find(place => place.key === key)!.name), 60))
  return new WrkError('NOT_FOUND', `no item ${id.display} in ${store.root}`, {
    hint: `${didYouMean(near)}See all: wrk list. Which queue: wrk where`,
    details: { near },
  })
}
