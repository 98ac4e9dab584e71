/** What waits for what: the queue's items with their dependencies. */
import type { WrkError } from '../../../core/errors.ts'
import { type Graph, graphOf } from '../../../core/items/graph.ts'
import { compareKeys, type ItemKey, parseId } from '../../../core/items/ids.ts'
import { notFound } from '../../../store/items/places/find-item.ts'
import type { Context } from '../../context.ts'
import { candidates, type QueueItem } from './candidates.ts'

export interface GraphResult {
  /** Its cycles and dangling references are those of the items to show. */
  graph: Graph<QueueItem>
  /** The item that was asked about. */
  about: QueueItem | null
  /** The items to show: all that are bound up with `about`, else all that wait or are waited for. */
  shown: ReadonlySet<ItemKey>
}

/**
 * @param closedToo show closed items too
 * @throws WrkError USAGE, NOT_FOUND, IO
 */
export async function graph(
  context: Context,
  idText: string | undefined,
  closedToo: boolean,
): Promise<GraphResult> {
  const { store } = context
  const id = idText === undefined ? null : parseId(idText, store.settings.idPrefix)
  const all = (await candidates(context, 'details')).sort((a, b) => compareKeys(a.key, b.key))
  // Of an id with several files, an open one counts: it is not known to be done.
  const open = new Set(all.flatMap(({ key, closed }) => (closed ? [] : key)))
  const items = all.filter(({ key, closed }) => !closed || !open.has(key))
  const found = graphOf(items)
  const about = id ? (found.nodes.get(id.key) ?? null) : null
  if (id && !about) throw notFound(store, id) satisfies WrkError
  const isShown = (item: QueueItem) => closedToo || !item.closed || item === about
  const among = about ? boundUpWith(found, about, isShown) : bound(found, isShown)
  const shown = new Set(items.flatMap(({ key }) => (among.has(key) ? key : [])))
  // What is closed keeps nobody waiting, so no circle goes through it.
  const cycles = graphOf(items.filter(isShown)).cycles.filter(([key]) => shown.has(key!))
  const dangling = found.dangling.filter(({ item }) => isShown(item) && (!about || shown.has(item.key)))
  return { graph: { ...found, cycles, dangling }, about, shown }
}

type Filter = (item: QueueItem) => boolean

function bound({ nodes, dependents }: Graph<QueueItem>, isShown: Filter): Set<ItemKey> {
  const shown = new Set<ItemKey>()
  for (const [key, waiting] of dependents)
    for (const item of waiting)
      if (isShown(item) && isShown(nodes.get(key)!)) {
        shown.add(key)
        shown.add(item.key)
      }
  return shown
}

function boundUpWith(
  { nodes, dependents }: Graph<QueueItem>,
  about: QueueItem,
  isShown: Filter,
): Set<ItemKey> {
  const shown = new Set([about.key])
  const follow = (next: (item: QueueItem) => readonly QueueItem[]) => {
    const work = [about]
    const seen = new Set([about.key])
    for (const item of work)
      for (const other of next(item)) {
        if (seen.has(other.key) || !isShown(other)) continue
        seen.add(other.key)
        shown.add(other.key)
        work.push(other)
      }
  }
  follow(item => dependents.get(item.key) ?? [])
  follow(item => item.details.blockedBy.flatMap(({ key }) => (key && nodes.get(key)) || []))
  return shown
}
