/** What happened to one item, and which items wait for it: what `wrk show` adds on a terminal. */
import { keyOfField, parseId } from '../../core/items/ids.ts'
import type { LogEvent } from '../../core/log/event.ts'
import { readEvents } from '../../store/log/read-log.ts'
import type { Context } from '../context.ts'
import { candidates } from './queries/candidates.ts'
import type { Blocker } from './show.ts'

/** @returns the item's last events, oldest first @throws WrkError IO */
export function history({ store }: Context, id: string, last: number): LogEvent[] {
  const { idPrefix } = store.settings
  const { key } = parseId(id, idPrefix)
  const events = readEvents(store.host.disk, store.stateDir)
  return events.filter(({ item }) => item !== null && keyOfField(item, idPrefix) === key).slice(-last)
}

/** @returns the open items that wait for this one @throws WrkError IO */
export async function waitingFor(context: Context, id: string): Promise<Blocker[]> {
  const { key } = parseId(id, context.store.settings.idPrefix)
  const all = await candidates(context, 'choosing')
  return all
    .filter(({ closed, details }) => !closed && details.blockedBy.some(one => one.key === key))
    .map(({ id, title, status, closed }) => ({ id, title, status, closed }))
}
