/** The items of a queue with their locks, filtered and in order. */
import { WrkError } from '../../../core/errors.ts'
import { type ItemKey, keyOfField } from '../../../core/items/ids.ts'
import type { Problem } from '../../../core/items/item.ts'
import { choose } from '../../../core/items/next.ts'
import { knownRank, priorityRank } from '../../../core/items/priority.ts'
import { statusWord } from '../../../core/items/status.ts'
import { printable } from '../../../core/text.ts'
import { parseInstant, stamp } from '../../../core/time.ts'
import { readQueue } from '../../../store/items/item-reader.ts'
import type { ItemReading } from '../../../store/items/item-reading.ts'
import { cacheOf } from '../../../store/items/reading-cache.ts'
import { heldLock, type ItemJudge, judgeForMany, leftWork, lockState } from '../../claims/holder.ts'
import { type ElsewhereView, type SharedView, viewElsewhere } from '../../claims/remote-claim.ts'
import type { Context } from '../../context.ts'
import { resolveCaller } from '../../sessions/caller.ts'
import { candidates, placeAndTime, type QueueItem } from './candidates.ts'

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
  /** The session that left it begun, with nobody going on; null otherwise. */
  left_by: string | null
  problems: readonly Problem[]
  /** In a coordinated queue: who holds it in another clone, null when nobody does as far as is known. */
  elsewhere?: SharedView | null
  /** In a coordinated queue, of an item held here: whether the engine knows of it; null when it is not held here. */
  scope?: 'shared' | 'local' | null
}

export const SORT_KEYS = ['id', 'priority', 'status', 'title', 'age', 'urgency'] as const
type SortKey = (typeof SORT_KEYS)[number]

export interface ListOptions {
  /** Only items with this status word, or with one of these. */
  status?: string | readonly string[] | undefined
  /** Only items that somebody holds. */
  locked?: boolean | undefined
  /** Only items that this caller holds. */
  mine?: boolean | undefined
  /** Only items that `next` would choose among. */
  ready?: boolean | undefined
  /** Only open items that wait for others or have the status blocked. */
  blocked?: boolean | undefined
  /** Only items of this priority, or of one of these; `p1` and `high` are the same. */
  priority?: string | readonly string[] | undefined
  /** Only items below this one, at any depth. */
  parent?: string | undefined
  /** Only items for this repository. */
  repo?: string | undefined
  /** Only items with this in id or title, in any letter case. */
  text?: string | undefined
  /** `urgency` is the order of `next`; default: the queue's own. */
  sort?: SortKey | undefined
  limit?: number | undefined
  /** In a coordinated queue: what is known of other clones. Default: what this one last saw. */
  view?: ElsewhereView | null | undefined
}

/** @throws WrkError USAGE (a parent that is no id), IO */
export async function list(context: Context, given: ListOptions = {}): Promise<ListedItem[]> {
  const view = given.view === undefined ? await viewElsewhere(context) : given.view
  const options = { ...given, view }
  const { ready, blocked, parent, repo, sort, limit } = options
  // What else an item says is read only where it is asked for: of thousands of items that takes long.
  const detailed = ready || blocked || parent !== undefined || repo !== undefined
  const found =
    detailed || sort === 'age' || sort === 'urgency'
      ? await listDetailed(context, options)
      : await listUsual(context, options)
  const order = sort && ORDERS[sort]
  if (order) found.sort(order)
  return limit === undefined ? found : found.slice(0, limit)
}

/** With what is known of other clones. */
type Options = ListOptions & { view: ElsewhereView | null }

async function listUsual(context: Context, options: Options): Promise<ListedItem[]> {
  const { registry, caller } = await resolveCaller(context)
  const now = context.clock()
  const judge = judgeForMany(context.store, registry, now)
  const keeps = filterOf(options, caller?.holder)
  return readQueue(
    context.store,
    reading => {
      const { item, lock, place, byRecord } = reading
      const by = lock && (byRecord || !judge.isCoordinated) ? lock.by : null
      return keeps(item, by ?? heldElsewhere(options.view, place.key))
        ? { ...listed(judge, reading), ...shared(options.view, place.key, by !== null) }
        : null
    },
    'usual',
    cacheOf(context.store, 'usual'),
  )
}

/** What the engine adds to an item. */
function shared(view: ElsewhereView | null, key: ItemKey, isHeldHere: boolean) {
  if (!view) return {}
  const scope = view.localOnly.has(key) ? 'local' : 'shared'
  return { elsewhere: view.items.get(key) ?? null, scope: isHeldHere ? scope : null } as const
}

function heldElsewhere(view: ElsewhereView | null, key: ItemKey): string | null {
  const found = view?.items.get(key)
  return found?.state === 'held' ? found.session_id : null
}

async function listDetailed(context: Context, options: Options): Promise<ListedItem[]> {
  const { store } = context
  const onlooker = await resolveCaller(context)
  const items = await candidates(context, 'details', onlooker, undefined, options.view)
  const choice = choose(items, placeAndTime(context))
  const urgency = choice.ready.map(({ item }) => item)
  const ready = new Set<QueueItem>(urgency)
  const waits = new Set(
    choice.waiting.filter(
      item => choice.blockers(item).length > 0 || statusWord(item.status ?? item.folder) === 'blocked',
    ),
  )
  const parent = options.parent === undefined ? null : keyOfField(options.parent, store.settings.idPrefix)
  if (options.parent !== undefined && !parent)
    throw new WrkError('USAGE', `--parent must be an item id, not "${printable(options.parent, 60)}"`)
  const descendants = parent && below(parent, items)
  const repo = options.repo?.toLowerCase()
  const usual = filterOf(options, onlooker.caller?.holder)
  const ordered = inOrder(items, urgency, options.sort)
  return ordered
    .filter(
      item =>
        usual(item, item.lockedBy ?? heldElsewhere(options.view, item.key)) &&
        (!options.ready || ready.has(item)) &&
        (!options.blocked || waits.has(item)) &&
        (!descendants || descendants.has(item)) &&
        (repo === undefined || item.details.repos.some(name => name.toLowerCase() === repo)),
    )
    .map(item => ({
      ...listedCandidate(item),
      ...shared(options.view, item.key, item.lockedBy !== null),
    }))
}

/** The item's parts, and theirs, however deep; once each, also where parents name each other in a circle. */
function below(parent: ItemKey, items: readonly QueueItem[]): Set<QueueItem> {
  const parts = new Map<ItemKey, QueueItem[]>()
  for (const item of items) {
    const above = item.details.parent?.key
    if (!above) continue
    const others = parts.get(above)
    if (others) others.push(item)
    else parts.set(above, [item])
  }
  const found = new Set(parts.get(parent))
  // What is added meanwhile is visited too.
  for (const { key } of found) for (const part of parts.get(key) ?? []) found.add(part)
  return found
}

function inOrder(items: QueueItem[], urgency: readonly QueueItem[], sort: SortKey | undefined): QueueItem[] {
  if (sort === 'age') {
    const made = ({ details }: QueueItem) =>
      parseInstant(details.createdAt ?? '')?.getTime() ?? Number.MAX_SAFE_INTEGER
    return items.sort((a, b) => made(a) - made(b))
  }
  if (sort !== 'urgency') return items
  const ready = new Set(urgency)
  return [...urgency, ...items.filter(item => !ready.has(item))]
}

let collator: Intl.Collator | undefined

/** Numbers within texts by their size. The collator is made when something is sorted by it: that takes a while. */
function compare(a: string, b: string): number {
  collator ??= new Intl.Collator('en', { numeric: true })
  return collator.compare(a, b)
}

const ORDERS: Partial<Record<SortKey, (a: ListedItem, b: ListedItem) => number>> = {
  id: (a, b) => compare(a.id, b.id),
  title: (a, b) => compare(a.title, b.title),
  status: (a, b) => compare(a.status ?? '', b.status ?? ''),
  priority: (a, b) => priorityRank(a.priority) - priorityRank(b.priority),
}

/** The filters that need no details. */
function filterOf(options: ListOptions, holder: string | undefined) {
  const words = options.status?.length ? new Set([options.status].flat().map(statusWord)) : null
  const asked = options.priority === undefined ? undefined : [options.priority].flat()
  const priorities = asked?.map(word => word.toLowerCase())
  const ranks = new Set(asked?.flatMap(word => knownRank(word) ?? []))
  const text = options.text?.toLowerCase()
  return (
    item: Pick<ListedItem, 'id' | 'title' | 'status' | 'priority'>,
    lockedBy: string | null,
  ): boolean => {
    if (words && !words.has(statusWord(item.status ?? ''))) return false
    if (options.locked && !lockedBy) return false
    if (options.mine && (!lockedBy || lockedBy !== holder)) return false
    if (priorities) {
      const word = item.priority?.toLowerCase()
      const rank = knownRank(item.priority)
      if (word === undefined || !(priorities.includes(word) || (rank !== null && ranks.has(rank))))
        return false
    }
    return text === undefined || `${item.id} ${item.title}`.toLowerCase().includes(text)
  }
}

function listed(judge: ItemJudge, reading: ItemReading): ListedItem {
  const { item, place, problems } = reading
  const held = heldLock(judge, reading)
  return {
    id: item.id,
    title: item.title,
    status: item.status,
    priority: item.priority,
    folder: place.folder,
    path: place.path,
    locked_by: held?.lock.by ?? null,
    locked_at: held?.lock.at ? stamp(held.lock.at) : null,
    liveness: held && lockState(judge, held),
    left_by: leftWork(judge, reading, held)?.by ?? null,
    problems,
  }
}

function listedCandidate(item: QueueItem): ListedItem {
  const { id, title, status, priority, folder, path, lockedBy, lockedAt, liveness, left, problems } = item
  return {
    id,
    title,
    status,
    priority,
    folder,
    path,
    locked_by: lockedBy,
    locked_at: lockedAt && stamp(lockedAt),
    liveness,
    left_by: left?.by ?? null,
    problems,
  }
}
