/**
 * An id in two places of which one is git's doing: `git stash` after `wrk start` puts the committed file back into
 * `pending/` and leaves the untracked one in `working/`. Where wrk last wrote it, by the record, is where the item is.
 */
import type { ItemRecord } from '../../core/claims/record.ts'
import type { ItemPlace } from '../queue.ts'
import type { Store } from './item-reader.ts'

/** The place that counts, and the copies that may go; null when a person has to decide. */
export function placeByRecord(
  store: Store,
  record: ItemRecord | null,
  places: readonly ItemPlace[],
): { place: ItemPlace; strays: ItemPlace[] } | null {
  const written = record?.snapshots.at(-1)?.path
  const place = places.find(({ folder, name }) => (folder === '' ? name : `${folder}/${name}`) === written)
  if (!place) return null
  const strays = places.filter(other => other !== place)
  return strays.every(({ path }) => store.isCommittedCopy(path)) ? { place, strays } : null
}
