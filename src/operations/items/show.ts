/** One item: its fields, its place, its lock, its holder, and what is wrong with the file. */
import { parseId } from '../../core/items/ids.ts'
import type { Problem } from '../../core/items/item.ts'
import { stamp } from '../../core/time.ts'
import { isReadable, readFields, readItem } from '../../store/items/item-reader.ts'
import type { ItemSummary } from '../claims/claim.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor, lockState } from '../claims/holder.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { completeMoves } from './complete-moves.ts'

export interface ShownItem {
  item: ItemSummary & { folder: string; priority: string | null; closed: boolean }
  /** All fields of the frontmatter as data; empty when it cannot be read. */
  fields: Record<string, unknown>
  lock: { locked_by: string; locked_at: string | null; expires_at: string; liveness: string } | null
  holder: HolderInfo | null
  problems: Problem[]
}

/**
 * @returns one entry for each place where the id stands; usually one
 * @throws WrkError USAGE, NOT_FOUND, IO
 */
export async function show(context: Context, idText: string): Promise<ShownItem[]> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  await completeMoves(context)
  const readings = await readItem(store, id)
  const { registry } = await resolveCaller(context)
  const judge = judgeFor(store, () => registry, context.clock())
  return Promise.all(
    readings.map(async reading => {
      const { item, place, problems } = reading
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
        fields: isReadable(reading) ? await readFields(store, place) : {},
        lock: held &&
          holder && {
            locked_by: held.lock.by,
            locked_at: held.lock.at && stamp(held.lock.at),
            expires_at: holder.expires_at,
            liveness: lockState(judge, held),
          },
        holder,
        problems,
      }
    }),
  )
}
