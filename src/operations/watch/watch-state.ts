/**
 * What was reported of the queue, against what is there now. Decides when a look may be reported: a file that is
 * gone, cannot be read or is in two places is looked at once more a moment later, because editors, git and
 * moves between folders leave such states for an instant.
 */
import { expiresAt } from '../../core/claims/claim.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { Registry } from '../../core/sessions/session.ts'
import {
  type Change,
  changesOf,
  keepKnown,
  type WatchedHolder,
  type WatchedItem,
} from '../../core/watch/watch.ts'
import type { Store } from '../../store/store.ts'
import { heldLock, holderInfo, type ItemJudge, judgeForMany, lockState } from '../claims/holder.ts'
import type { QueueView, ViewedEntry } from './queue-view.ts'

/** What holders are judged by at one moment. */
export interface Moment {
  store: Store
  judge: ItemJudge
  registry: Registry
  now: Date
}

export function momentOf(store: Store, registry: Registry, now: Date): Moment {
  return { store, judge: judgeForMany(store, registry, now), registry, now }
}

export const SECOND_LOOK_MS = 60

export class WatchState {
  readonly #view: QueueView
  readonly #reported = new Map<ItemKey, WatchedItem[]>()
  readonly #held = new Set<ItemKey>()
  /** Items to look at once more, and when (as performance.now has it). */
  readonly #doubtful = new Map<ItemKey, number>()

  constructor(view: QueueView) {
    this.#view = view
  }

  held(): WatchedItem[] {
    return [...this.#held].flatMap(key => this.#reported.get(key)!.filter(({ holder }) => holder))
  }

  /** All as it is, at the start. */
  begin(moment: Moment): void {
    for (const key of this.#view.keys()) this.#tell(key, this.#described(key, moment))
  }

  /**
   * Says what changed of items that were read again.
   * @param at performance.now(), for what needs a second look
   */
  changes(keys: Iterable<ItemKey>, moment: Moment, at: number): Change[] {
    return [...keys].flatMap(key => {
      const before = this.#reported.get(key) ?? []
      const after = this.#described(key, moment)
      const due = this.#doubtful.get(key)
      if (mayPass(before, after) && (due === undefined || due > at)) {
        if (due === undefined) this.#doubtful.set(key, at + SECOND_LOOK_MS)
        return []
      }
      this.#doubtful.delete(key)
      return this.#compare(key, before, after)
    })
  }

  /** Items that are due for a second look. */
  due(at: number): ItemKey[] {
    return [...this.#doubtful].flatMap(([key, due]) => (due <= at ? [key] : []))
  }

  isDoubtful(): boolean {
    return this.#doubtful.size > 0
  }

  /** Judges all holders again: processes end, heartbeats come, time passes. */
  judged(moment: Moment): Change[] {
    return [...this.#held].flatMap(key => {
      const reported = this.#reported.get(key)!
      if (this.#doubtful.has(key) || reported.every(item => this.#isUnchanged(item, moment))) return []
      return this.#compare(key, reported, this.#described(key, moment))
    })
  }

  /** Takes note that an item has been released by the watcher itself, which is reported apart from what is seen. */
  freed(key: ItemKey): void {
    this.#tell(
      key,
      (this.#reported.get(key) ?? []).map(item => ({ ...item, holder: null })),
    )
  }

  /** Asked of hundreds of locks every second, so nothing is made of it that would be thrown away. */
  #isUnchanged({ key, path, holder }: WatchedItem, { store, judge, now }: Moment): boolean {
    const entry = this.#view.entriesOf(key).find(({ place }) => place.path === path)
    if (!entry?.lock || !holder) return !entry?.lock === !holder || !entry?.readable
    const held = heldLock(judge, entry)!
    // Reports are to the second; making that text takes more than reading it.
    const left = expiresAt(held, store.settings.ttlMs, now).getTime() - Date.parse(holder.expires_at)
    return lockState(judge, held) === holder.liveness && left >= 0 && left < 1000
  }

  #compare(key: ItemKey, before: readonly WatchedItem[], after: WatchedItem[]): Change[] {
    const changes = changesOf(before, after)
    if (changes.length > 0) this.#tell(key, after)
    return changes
  }

  #tell(key: ItemKey, items: WatchedItem[]): void {
    if (items.length > 0) this.#reported.set(key, items)
    else this.#reported.delete(key)
    if (items.some(({ holder }) => holder)) this.#held.add(key)
    else this.#held.delete(key)
  }

  #described(key: ItemKey, moment: Moment): WatchedItem[] {
    const entries = this.#view.entriesOf(key)
    const reported = this.#reported.get(key) ?? []
    return entries.map(entry => {
      const known = reported.find(({ path }) => path === entry.place.path) ?? reported[0]
      return keepKnown(describe(entry, entries, moment), known)
    })
  }
}

/** A state that may be over in a moment. */
function mayPass(before: readonly WatchedItem[], after: readonly WatchedItem[]): boolean {
  const known = (path: string) => before.find(item => item.path === path)
  return (
    (after.length === 0 && before.length > 0) ||
    (after.length > 1 && after.some(({ path }) => !known(path))) ||
    after.some(({ path, readable }) => !readable && (known(path)?.readable ?? true))
  )
}

function describe(entry: ViewedEntry, entries: readonly ViewedEntry[], moment: Moment): WatchedItem {
  const { place, id, title, status, readable } = entry
  const other = entries.find(one => one !== entry)
  const problem = other
    ? `the id is also in another place: ${[other.place.folder, other.place.name].filter(Boolean).join('/')}`
    : entry.problem
  return {
    key: place.key,
    id,
    path: place.path,
    title,
    status,
    holder: holderOf(entry, moment),
    problem,
    readable,
  }
}

function holderOf(entry: ViewedEntry, { judge }: Moment): WatchedHolder | null {
  const held = heldLock(judge, entry)
  if (!held) return null
  const liveness = lockState(judge, held)
  const info = holderInfo(judge, held)
  const reason = liveness === 'stale' ? 'silent for longer than the TTL' : info.reason
  return { ...info, liveness, reason }
}
