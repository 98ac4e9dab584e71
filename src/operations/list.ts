/** The items of a queue with their locks. */
import type { Problem } from '../core/item.ts'
import { statusWord } from '../core/status.ts'
import { stamp } from '../core/time.ts'
import { type ItemReading, readQueue } from '../store/item-reader.ts'
import type { Context } from './context.ts'
import { heldLock, type ItemJudge, judgeForMany, standing } from './holder.ts'
import { lookIn } from './identify.ts'

export interface ListedItem {
  id: string
  title: string
  status: string | null
  priority: string | null
  folder: string
  path: string
  locked_by: string | null
  locked_at: string | null
  /** Null without a lock. `stale`: a claim would take it over by age. */
  liveness: 'alive' | 'dead' | 'unknown' | 'stale' | null
  problems: Problem[]
}

export interface ListOptions {
  /** Only items with one of these status words. */
  status?: readonly string[] | undefined
  /** Only items that somebody holds. */
  locked?: boolean | undefined
  /** Only items that this caller holds. */
  mine?: boolean | undefined
}

/** @throws WrkError IO */
export async function list(context: Context, options: ListOptions = {}): Promise<ListedItem[]> {
  const { registry, caller } = await lookIn(context)
  const words = options.status?.length ? new Set(options.status.map(statusWord)) : null
  const now = context.clock()
  const judge = judgeForMany(context.store, registry)
  return readQueue(context.store, reading => {
    const { item, lock } = reading
    if (words && !words.has(statusWord(item.status ?? ''))) return null
    if (options.locked && !lock) return null
    if (options.mine && (!lock || lock.by !== caller?.holder)) return null
    return listed(context, judge, reading, now)
  })
}

function listed({ store }: Context, judge: ItemJudge, reading: ItemReading, now: Date): ListedItem {
  const { item, lock, place, problems } = reading
  const held = lock && heldLock(judge, place.key, lock, reading.modified)
  return {
    id: item.id,
    title: item.title,
    status: item.status,
    priority: item.priority,
    folder: place.folder,
    path: place.path,
    locked_by: lock?.by ?? null,
    locked_at: lock?.at ? stamp(lock.at) : null,
    liveness: held && standing(store, held, now),
    problems,
  }
}
