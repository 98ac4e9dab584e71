/** The event log, oldest first. */
import { keyOfField, parseId } from '../../core/items/ids.ts'
import type { LogEvent } from '../../core/log/event.ts'
import { notFound } from '../../store/items/places/find-item.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import { readEvents, readEventsAfter } from '../../store/log/read-log.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'

export interface LogOptions {
  /** Only events of this item. */
  id?: string | undefined
  /** Only the last so many. */
  last?: number | undefined
  /** Only events after the one of this number. */
  after?: number | undefined
}

/**
 * An item that no longer exists still has its events.
 * @throws WrkError USAGE, IO; NOT_FOUND for an item that is not there and never was
 */
export async function log(context: Context, { id, last, after }: LogOptions = {}): Promise<LogEvent[]> {
  const { store } = context
  await resolveCaller(context)
  const about = id === undefined ? null : parseId(id, store.settings.idPrefix)
  const { disk } = store.host
  const kept =
    after === undefined ? readEvents(disk, store.stateDir) : readEventsAfter(disk, store.stateDir, after)
  const isAbout = ({ item }: LogEvent) =>
    !about || (item !== null && keyOfField(item, store.settings.idPrefix) === about.key)
  const events = kept.filter(isAbout)
  if (about && events.length === 0 && placesOf(disk, store.root, about.key).length === 0)
    if (after === undefined || !readEvents(disk, store.stateDir).some(isAbout)) throw notFound(store, about)
  return last === undefined ? events : events.slice(Math.max(0, events.length - last))
}
