/** Finding the one file of an item and opening it under its guard. */
import type { ItemRecord } from '../../core/claims/record.ts'
import { codeOf, MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { ItemId } from '../../core/items/ids.ts'
import { type OpenFile, readOpen } from '../files/guarded-file.ts'
import type { Store } from '../store.ts'
import { findItem, notFound } from './places/find-item.ts'
import type { ItemPlace } from './places/item-places.ts'
import { placeByRecord } from './places/two-places.ts'

export interface OpenItem extends OpenFile {
  place: ItemPlace
  /** Copies that git put back where the item was before wrk moved it. */
  strays: readonly ItemPlace[]
}

/**
 * @param places where the item was found before; it is looked for again when it is not just there
 * @throws WrkError NOT_FOUND, AMBIGUOUS, INVALID_ITEM; system errors pass
 */
export function openItem(
  store: Store,
  id: ItemId,
  places: readonly ItemPlace[],
  record: ItemRecord | null,
): OpenItem {
  // Found twice, it may have been moved while it was looked for; inside the guard nobody moves it.
  const asFound = places.length === 1 ? tryOpen(store, id, places, record) : null
  const file = asFound ?? tryOpen(store, id, findItem(store, id), record)
  if (!file) throw notFound(store, id)
  return file
}

/** Null when the item is no longer where it was found. */
function tryOpen(
  store: Store,
  id: ItemId,
  places: readonly ItemPlace[],
  record: ItemRecord | null,
): OpenItem | null {
  const chosen =
    places.length > 1 ? placeByRecord(store, record, places) : { place: places[0], strays: [] as ItemPlace[] }
  if (!chosen) throw ambiguous(id, places)
  const { place, strays } = chosen
  const file = place && unless(MISSING, null, () => openRefusingLinks(store, place))
  return place && file ? Object.assign(file, { place, strays }) : null
}

function openRefusingLinks(store: Store, place: ItemPlace): OpenFile {
  try {
    return readOpen(store.host.disk, place.path)
  } catch (error) {
    if (codeOf(error) !== 'ELOOP' && codeOf(error) !== 'EMLINK') throw error
    throw new WrkError('INVALID_ITEM', `${place.path} is a symbolic link`, {
      hint: 'wrk does not follow links; replace it by the file itself.',
      cause: error,
    })
  }
}

function ambiguous(id: ItemId, places: readonly ItemPlace[]): WrkError {
  const paths = places.map(({ path }) => path)
  return new WrkError('AMBIGUOUS', `${id.display} is in ${places.length} places: ${paths.join(', ')}`, {
    hint: 'Compare them and keep one (git rm the others), or give each its own id.',
    details: { paths },
  })
}
