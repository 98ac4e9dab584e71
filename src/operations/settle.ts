/** Completes moves that were cut short: the item's new status is published, but it lies where it lay before. */
import { WrkError } from '../core/errors.ts'
import type { ItemId } from '../core/ids.ts'
import { fitsFolder, isArchived } from '../core/status.ts'
import { parseInstant } from '../core/time.ts'
import { codeOf } from '../store/errno.ts'
import { type Moved, type Settling, settleItem } from '../store/item-move.ts'
import type { ItemReading } from '../store/item-reader.ts'
import { pendingMoves } from '../store/moves.ts'
import type { Context } from './context.ts'

/** `archive/2026-02` for an item that was archived and should lie there; null when it lies well or was not. */
function archiveFolder({ item, lock, place, text }: Settling): string | null {
  const completed = text('completed_at')
  return isOutOfPlace({ item, lock, place }) && completed && parseInstant(completed)
    ? archiveFolderOf(completed)
    : null
}

/** The month folder for an instant that can be read. */
export function archiveFolderOf(completed: string): string {
  return `archive/${parseInstant(completed)!.toISOString().slice(0, 7)}`
}

/** Whether an item looks like one whose archiving was cut short. */
export function isOutOfPlace({ item, lock, place }: Pick<ItemReading, 'item' | 'lock' | 'place'>): boolean {
  return item.status !== null && isArchived(item.status, '') && !lock && !place.folder.startsWith('archive')
}

/**
 * @param folder where an item of that status belongs, when no move was noted: completes what was forgotten
 * @throws WrkError AMBIGUOUS, BUSY; system errors pass
 */
export function settle({ store }: Context, id: ItemId, folder?: string): Promise<Moved | null> {
  return settleItem(store, id, item =>
    folder !== undefined && item.item.status !== null && !fitsFolder(item.item.status, item.place.folder)
      ? folder
      : archiveFolder(item),
  )
}

/**
 * Completes every move that a crashed process left; part of every command that writes. What cannot be moved now is
 * left to the next.
 */
export async function settleAll(context: Context): Promise<void> {
  const { host, stateDir } = context.store
  for (const key of pendingMoves(host.disk, stateDir))
    await settleInPassing(context, { key, display: key.toUpperCase() })
}

/**
 * The same for a command that met such an item on its way to something else: that the move cannot be made (a queue
 * that cannot be written) is left to the next.
 */
export async function settleInPassing(context: Context, id: ItemId): Promise<Moved | null> {
  try {
    return await settle(context, id)
  } catch (error) {
    if (!(error instanceof WrkError) && codeOf(error) === undefined) throw error
    return null
  }
}
