/** One item: its fields, its place, its lock, its holder, and what is wrong with the file. */
import { parseId } from '../core/ids.ts'
import type { Problem } from '../core/item.ts'
import { stamp } from '../core/time.ts'
import { toData } from '../markdown/scalar.ts'
import { readPlainFile } from '../store/guarded-file.ts'
import { type ItemReading, notFound, readItem } from '../store/item-store.ts'
import type { ItemSummary } from './claim.ts'
import { type Context, currentRegistry } from './context.ts'
import { signOfLife } from './heartbeat.ts'
import { type HolderInfo, heldLock, holderInfo, standing } from './holder.ts'
import { callerIfKnown } from './identify.ts'
import { listedSession } from './records.ts'

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
  const readings = await readItem(store, id)
  if (readings.length === 0) throw notFound(store, id)
  const registry = await currentRegistry(context)
  const caller = await callerIfKnown(context)
  await signOfLife(context, caller && listedSession(registry, caller.session) ? caller.session : null)
  const now = context.clock()
  return Promise.all(
    readings.map(async reading => {
      const { item, lock, place, problems } = reading
      const held = lock && heldLock(store, registry, lock, reading.modified)
      const holder = held && holderInfo(held, registry, store.settings.ttlMs, now)
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
        fields: await fieldsOf(context, reading),
        lock: held &&
          holder && {
            locked_by: held.lock.by,
            locked_at: held.lock.at && stamp(held.lock.at),
            expires_at: holder.expires_at,
            liveness: standing(store, held, now),
          },
        holder,
        problems,
      }
    }),
  )
}

/** What the fast reader was sure of is the data; the rest is for gray-matter and yaml, which expand aliases too. */
async function fieldsOf({ store }: Context, { frontmatter, place }: ItemReading): Promise<Record<string, unknown>> {
  if (!frontmatter) return {}
  if (frontmatter.certain === 'full') {
    const { readWithGrayMatter } = await import('../markdown/full.ts')
    const read = await readWithGrayMatter(readPlainFile(store.host.disk, place.path).bytes.toString('utf8'))
    if (read.kind === 'matter') return read.data
  }
  return toData(frontmatter.map) as Record<string, unknown>
}
