/** What waits for what: the queue's items with their dependencies. */
import type { WrkError } from '../core/errors.ts'
import { type Graph, graphOf } from '../core/graph.ts'
import { type ItemKey, parseId } from '../core/ids.ts'
import { notFound } from '../store/item-reader.ts'
import { candidates, type QueueItem } from './candidates.ts'
import type { Context } from './context.ts'

export interface GraphResult {
  graph: Graph<QueueItem>
  /** The item that was asked about. */
  about: QueueItem | null
  /** The items to show: all that are bound up with `about`, else all that wait or are waited for. */
  shown: ReadonlySet<ItemKey>
}

/**
 * @param all show closed items too
 * @throws WrkError USAGE, NOT_FOUND, IO
 */
export async function graph(
  context: Context,
  idText: string | undefined,
  all: boolean,
): Promise<GraphResult> {
  const { store } = context
  const id = idText === undefined ? null : parseId(idText, store.settings.idPrefix)
  const found = graphOf(await candidates(context, 'details'))
  const about = id ? (found.nodes.get(id.key) ?? null) : null
  if (id && !about) throw notFound(store, id) satisfies WrkError
  const isShown = (item: QueueItem) => all || !item.closed || item === about
  return { graph: found, about, shown: about ? boundUpWith(found, about, isShown) : bound(found, isShown) }
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
