/** Who works on what now: every held or orphaned item, what needs a look first. Pure. */
import type { BoardEvent, BoardItem } from '../protocol.ts'
import { type Model, sessionOfHolder } from './board-model.ts'

export type Concern = 'orphaned' | 'dead' | 'stale' | 'unknown' | 'alive'

/** In the order in which a person should look. */
const CONCERNS: readonly Concern[] = ['dead', 'orphaned', 'stale', 'unknown', 'alive']

export interface NowItem {
  item: BoardItem
  concern: Concern
  takeover: Takeover | null
}

interface Takeover {
  from: string
  why: string
  time: string
  /** Whether the session that lost the item can know: it called since, it does not call any more, or not yet. */
  loser: 'knows' | 'gone' | 'not yet'
}

/** Every item that is held or orphaned, each once; within one concern the longest held first. */
export function nowItems(model: Model): NowItem[] {
  const takeovers = takeoversIn(model)
  const found: NowItem[] = []
  for (const item of model.items.values()) {
    const concern = concernOf(item)
    if (!concern) continue
    const event = takeovers.get(item.id)
    const isPresent = event && event.session === item.holder?.session_id
    found.push({ item, concern, takeover: isPresent ? takeoverOf(model, event) : null })
  }
  const since = ({ item }: NowItem) => item.holder?.locked_at ?? ''
  return found.sort(
    (a, b) =>
      CONCERNS.indexOf(a.concern) - CONCERNS.indexOf(b.concern) ||
      (since(a) < since(b) ? -1 : since(a) > since(b) ? 1 : a.item.place < b.item.place ? -1 : 1),
  )
}

export function concernOf(item: BoardItem): Concern | null {
  if (item.holder) return item.holder.liveness
  return item.orphaned ? 'orphaned' : null
}

/** The last takeover of each item that nothing has undone since. */
function takeoversIn({ events }: Model): Map<string, BoardEvent> {
  const last = new Map<string, BoardEvent>()
  for (const event of events) {
    if (event.item === null) continue
    if (event.type === 'takenOver' || (event.type === 'started' && event.previous_holder))
      last.set(event.item, event)
    else if (
      ['granted', 'released', 'finished', 'cancelled', 'archived', 'blocked', 'unblocked'].includes(
        event.type,
      )
    )
      last.delete(event.item)
  }
  return last
}

function takeoverOf(model: Model, { previous_holder, reason, time }: BoardEvent): Takeover {
  const from = previous_holder ?? 'an unknown session'
  const loser = sessionOfHolder(model, from)
  const isGone = !loser || loser.liveness === 'dead'
  return {
    from,
    why: reason ?? 'no reason is logged',
    time,
    loser: isGone ? 'gone' : (loser.heartbeat_at ?? '') > time ? 'knows' : 'not yet',
  }
}
