/** Dropping a card on a column is an act, where a column means one. */

import type { ActVerb, BoardColumn, BoardItem } from '../../protocol.ts'
import type { App } from '../app-state.ts'

/** What brings an item from its column to another; null where nothing does. */
function verbFor({ column, closed }: BoardItem, to: BoardColumn): Exclude<ActVerb, 'new'> | null {
  if (to === column || to === 'archive') return null
  if (closed) return to === 'pending' ? 'reopen' : null
  if (to === 'done') return 'done'
  if (to === 'blocked') return 'block'
  if (to === 'working') return column === 'blocked' ? null : 'start'
  return column === 'blocked' ? 'unblock' : null
}

export function dropOn(app: App, place: string, column: BoardColumn): void {
  const item = app.model.items.get(place)
  const verb = item && verbFor(item, column)
  if (item && verb) void app.act({ verb, id: item.id, shown: shownOf(item) }, item)
}

export function shownOf({ holder, status }: BoardItem) {
  return { locked_by: holder?.session_id ?? null, locked_at: holder?.locked_at ?? null, status }
}
