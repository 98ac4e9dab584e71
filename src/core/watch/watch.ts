/**
 * What changed between two looks at an item. Pure: who holds it and the state of the holder was judged before, and a
 * file that could not be read says nothing, so it changes nothing but its problem (an unreadable lock is no free one).
 */
import type { ItemKey } from '../items/ids.ts'

/** Who holds an item, in the form of the contract with scripts. */
export interface WatchedHolder {
  session_id: string
  locked_at: string | null
  /** When the lock expires unless its holder is seen again. */
  expires_at: string
  /** `stale`: a claim would take the item over by age. */
  liveness: 'alive' | 'dead' | 'unknown' | 'stale'
  reason: string
  host: string | null
  pid: number | null
  active_wrk: string | null
}

/** One place of an item as it was seen. */
export interface WatchedItem {
  key: ItemKey
  id: string
  path: string
  title: string
  status: string | null
  holder: WatchedHolder | null
  /** What is wrong with the file and must be corrected before the item can be worked on. */
  problem: string | null
  /** Whether its fields could be read; when not, they are those of the last time. */
  readable: boolean
}

type ChangeType =
  | 'added'
  | 'removed'
  | 'moved'
  | 'status'
  | 'title'
  | 'problem'
  | 'claimed'
  | 'released'
  | 'takenOver'
  | 'renewed'
  | 'liveness'
  | 'reaped'

export interface Change {
  type: ChangeType
  item: WatchedItem
  /** What it was and what it is: paths, words, holders, instants, as the type has it. */
  from: string | null
  to: string | null
  /** Of a lock that was released for its holder, and of liveness: why. */
  reason: string | null
}

/**
 * Compares all places of one item with those of the last look: one place, none (it is not there), or several.
 * @returns the changes, in an order in which they make sense one after the other
 */
export function changesOf(before: readonly WatchedItem[], after: readonly WatchedItem[]): Change[] {
  const [old, now] = [before[0], after[0]]
  if (before.length === 1 && after.length === 1 && old && now) return changesOfPlace(old, now)
  const place = (items: readonly WatchedItem[], path: string) => items.find(item => item.path === path)
  return [
    ...before
      .filter(({ path }) => !place(after, path))
      .map(item => change('removed', item, item.path, null, null)),
    ...after.flatMap(item => {
      const known = place(before, item.path)
      return known ? changesOfPlace(known, item) : changesOfNew(item)
    }),
  ]
}

function changesOfNew(item: WatchedItem): Change[] {
  const { holder, problem } = item
  const changes = [change('added', item, null, item.path, null)]
  if (problem !== null) changes.push(change('problem', item, null, problem, null))
  if (holder) changes.push(change('claimed', item, null, holder.session_id, null))
  return changes
}

function changesOfPlace(old: WatchedItem, item: WatchedItem): Change[] {
  const changes: Change[] = []
  const compare = (type: ChangeType, from: string | null, to: string | null) => {
    if (from !== to) changes.push(change(type, item, from, to, null))
  }
  compare('moved', old.path, item.path)
  compare('status', old.status, item.status)
  compare('title', old.title, item.title)
  compare('problem', old.problem, item.problem)
  return [...changes, ...changesOfLock(old.holder, item)]
}

function changesOfLock(from: WatchedHolder | null, item: WatchedItem): Change[] {
  const to = item.holder
  if (!from && !to) return []
  if (!from) return [change('claimed', item, null, to!.session_id, null)]
  if (!to) return [change('released', item, from.session_id, null, null)]
  if (from.session_id !== to.session_id)
    return [change('takenOver', item, from.session_id, to.session_id, null)]
  const changes: Change[] = []
  // A lock lives on by being renewed, or by its holder's heartbeat.
  if (from.locked_at !== to.locked_at || from.expires_at < to.expires_at)
    changes.push(change('renewed', item, from.expires_at, to.expires_at, null))
  if (from.liveness !== to.liveness)
    changes.push(change('liveness', item, from.liveness, to.liveness, to.reason))
  return changes
}

function change(
  type: ChangeType,
  item: WatchedItem,
  from: string | null,
  to: string | null,
  reason: string | null,
): Change {
  return { type, item, from, to, reason }
}

/** What is known of an item that cannot be read now. */
export function keepKnown(item: WatchedItem, known: WatchedItem | undefined): WatchedItem {
  if (item.readable || !known) return item
  const { id, title, status, holder } = known
  return { ...item, id, title, status, holder }
}
