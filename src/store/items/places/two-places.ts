/**
 * An id in two places of which one is git's doing: `git stash` after `wrk start` puts the committed file back into
 * `pending/` and leaves the untracked one in `working/`. Where wrk last wrote it, by the record, is where the item is.
 */
import type { ItemRecord } from '../../../core/claims/record.ts'
import type { Store } from '../../store.ts'
import type { ItemPlace } from './item-places.ts'

/** The place that counts, and the copies that may go; null when a person has to decide. */
export function placeByRecord(
  store: Store,
  record: ItemRecord | null,
  places: readonly ItemPlace[],
): { place: ItemPlace; strays: ItemPlace[] } | null {
  const written = record?.snapshots.at(-1)?.path
  const isCopy = ({ path }: ItemPlace) => store.isCommittedCopy(path)
  const place =
    places.find(({ folder, name }) => (folder === '' ? name : `${folder}/${name}`) === written) ??
    // On its way there: a crash kept it from being moved, and the others are as git has them.
    (written === undefined ? undefined : onlyOne(places.filter(one => !isCopy(one))))
  if (!place) return null
  const strays = places.filter(other => other !== place)
  return strays.every(isCopy) ? { place, strays } : null
}

function onlyOne<T>(all: readonly T[]): T | undefined {
  return all.length === 1 ? all[0] : undefined
}
