/** The event log, oldest first. */

import { keyOfField, parseId } from '../../core/items/ids.ts'
import type { LogEvent } from '../../core/log/event.ts'
import { readEvents, readEventsAfter } from '../../store/log/event-log.ts'
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

/** @throws WrkError USAGE, IO. An item that no longer exists still has its events. */
export async function log(context: Context, { id, last, after }: LogOptions = {}): Promise<LogEvent[]> {
  const { store } = context
  await resolveCaller(context)
  const key = id === undefined ? null : parseId(id, store.settings.idPrefix).key
  const { disk } = store.host
  const kept =
    after === undefined ? readEvents(disk, store.stateDir) : readEventsAfter(disk, store.stateDir, after)
  const events = kept.filter(
    ({ item }) => key === null || (item !== null && keyOfField(item, store.settings.idPrefix) === key),
  )
  return last === undefined ? events : events.slice(Math.max(0, events.length - last))
}
