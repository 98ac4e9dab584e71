/** One item: its fields and body, its place, what it waits for, its lock, its holder, what is wrong with the file. */
import { type Details, NO_DETAILS } from '../../core/items/details.ts'
import { parseId } from '../../core/items/ids.ts'
import type { Problem } from '../../core/items/item.ts'
import type { LeftWork } from '../../core/items/next.ts'
import { stamp } from '../../core/time.ts'
import { readPlainFile } from '../../store/files/guarded-file.ts'
import { readItem, readItems } from '../../store/items/item-reader.ts'
import { isReadable } from '../../store/items/item-reading.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import { readWhole } from '../../store/items/read-item-file.ts'
import type { Store } from '../../store/store.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor, leftWork, lockState } from '../claims/holder.ts'
import type { ItemSummary } from '../claims/item-summary.ts'
import { type SharedView, viewElsewhere } from '../claims/remote-claim.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { completeMoves } from './transitions/complete-moves.ts'

export interface ShownItem {
  item: ItemSummary & { folder: string; priority: string | null; closed: boolean }
  /** All fields of the frontmatter as data; empty when it cannot be read. */
  fields: Record<string, unknown>
  /** What is written below the frontmatter; null when the file cannot be read. */
  body: string | null
  /** The items that it waits for, in the order of the file; of one that the queue does not have, only the id. */
  waits_for: Blocker[]
  lock: { locked_by: string; locked_at: string | null; expires_at: string; liveness: string } | null
  holder: HolderInfo | null
  /** Who began it and left it; null when it is held, or was never claimed here. */
  left: LeftWork | null
  problems: Problem[]
  /** In a coordinated queue: who holds it in another clone, null when nobody does as far as is known. */
  elsewhere?: SharedView | null
  /** In a coordinated queue, of an item held here: whether the engine knows of it; null when it is not held here. */
  scope?: 'shared' | 'local' | null
}

export interface Blocker {
  id: string
  title: string | null
  status: string | null
  closed: boolean | null
}

/**
 * @param remote in a coordinated queue: ask the engine who holds it; without it, what this clone last saw is shown
 * @returns one entry for each place that has the id; usually one
 * @throws WrkError USAGE, NOT_FOUND, IO; UNREACHABLE when the engine is to be asked
 */
export async function show(context: Context, idText: string, remote = false): Promise<ShownItem[]> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  await completeMoves(context)
  const readings = await readItem(store, id)
  const { registry } = await resolveCaller(context)
  const judge = judgeFor(store, () => registry, context.clock())
  const view = await viewElsewhere(context, remote)
  return Promise.all(
    readings.map(async reading => {
      const { item, place, problems, details = NO_DETAILS } = reading
      const held = heldLock(judge, reading)
      const holder = held && holderInfo(judge, held)
      return {
        item: {
          id: item.id,
          path: place.path,
          folder: place.folder,
          title: item.title,
          status: item.status,
          priority: item.priority,
          closed: item.closed,
        },
        ...(isReadable(reading) ? await readWhole(store, place) : { fields: {}, body: null }),
        waits_for: await blockersOf(store, details),
        lock: held &&
          holder && {
            locked_by: held.lock.by,
            locked_at: held.lock.at && stamp(held.lock.at),
            expires_at: holder.expires_at,
            liveness: lockState(judge, held),
          },
        holder,
        left: leftWork(judge, reading, held),
        problems,
        ...(view && {
          elsewhere: view.items.get(id.key) ?? null,
          scope: held && (view.localOnly.has(id.key) ? ('local' as const) : ('shared' as const)),
        }),
      }
    }),
  )
}

/**
 * The files as they are.
 * @throws WrkError USAGE, NOT_FOUND, IO
 */
export async function showRaw(context: Context, idText: string): Promise<Buffer[]> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  await completeMoves(context)
  const readings = await readItem(store, id)
  return readings.map(({ place }) => readPlainFile(store.host.disk, place.path).bytes)
}

function blockersOf(store: Store, { blockedBy }: Pick<Details, 'blockedBy'>): Promise<Blocker[]> {
  return Promise.all(
    blockedBy.map(async ({ key, text }) => {
      const places = key ? placesOf(store.host.disk, store.root, key) : []
      const [found] = await readItems(store, places)
      if (!found) return { id: text, title: null, status: null, closed: null }
      const { id, title, status, closed } = found.item
      return { id, title, status, closed }
    }),
  )
}
