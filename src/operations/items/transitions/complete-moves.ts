/** Completes moves that were cut short: the item's new status is published, but its file has not moved. */
import { asIoError, isFailure } from '../../../core/errno.ts'
import { archiveFolderOf } from '../../../core/items/home.ts'
import type { ItemId } from '../../../core/items/ids.ts'
import { fitsFolder, isArchived } from '../../../core/items/status.ts'
import { parseInstant } from '../../../core/time.ts'
import { completeLeft } from '../../../store/items/change-record.ts'
import type { ItemReading } from '../../../store/items/item-reading.ts'
import { type MovableItem, type Moved, moveItem } from '../../../store/items/places/item-move.ts'
import { placesOf } from '../../../store/items/places/item-places.ts'
import { pendingMoves } from '../../../store/items/places/moves.ts'
import type { Context } from '../../context.ts'

/** `archive/2026-02` for an item that was archived and should be there; null when it is there or was not archived. */
function archiveFolder({ item, lock, place, text }: MovableItem): string | null {
  const completed = text('completed_at')
  return isOutOfPlace({ item, lock, place }) && completed && parseInstant(completed)
    ? archiveFolderOf(completed)
    : null
}

/** Whether the archiving of an item seems to have been interrupted. */
function isOutOfPlace({ item, lock, place }: Pick<ItemReading, 'item' | 'lock' | 'place'>): boolean {
  return item.status !== null && isArchived(item.status, '') && !lock && !place.folder.startsWith('archive')
}

/**
 * @param folder where an item of that status belongs, when no move was noted: completes what was forgotten
 * @throws WrkError AMBIGUOUS, BUSY; system errors pass
 */
export function completeMove({ store }: Context, id: ItemId, folder?: string): Promise<Moved | null> {
  return moveItem(store, id, item => {
    const { status } = item.item
    // By now its status may be another one, which belongs elsewhere.
    const belongs = folder !== undefined && status !== null && fitsFolder(status, folder)
    return belongs && !fitsFolder(status, item.place.folder) ? folder : archiveFolder(item)
  })
}

/**
 * The move of an item that was just changed. That it cannot be made is a warning, since the change itself was made;
 * the next command tries again.
 * @returns where the item is now
 */
export async function completeMoveOf(
  context: Context,
  id: ItemId,
  item: { id: string; path: string },
  warnings: string[],
  folder?: string,
): Promise<string> {
  try {
    await completeMove(context, id, folder)
  } catch (error) {
    if (!isFailure(error)) throw error
    const { message } = asIoError(error, 'the move failed') as Error
    warnings.push(`${item.id} is changed, but not yet moved to its folder: ${message}`)
  }
  return placeNow(context, id, item.path)
}

/** Where an item is after its move, which another's command may have made. */
export function placeNow({ store }: Context, id: ItemId, before: string): string {
  const [place, ...others] = placesOf(store.host.disk, store.root, id.key)
  return place && others.length === 0 ? place.path : before
}

/**
 * Completes every move that a crashed process left, and the record of such an item; part of every command that writes.
 * What cannot be completed now is left to the next. It does not wait for the guard of an item: its holder makes the
 * move itself.
 */
export async function completeMoves(context: Context): Promise<void> {
  const { store } = context
  const impatient = { ...context, store: { ...store, host: { ...store.host, patienceMs: 0 } } }
  for (const key of pendingMoves(store.host.disk, store.stateDir))
    await tryCompleteMove(impatient, { key, display: key.toUpperCase() })
}

/**
 * The same for a command that met such an item on its way to something else: that the move cannot be made (a queue
 * that cannot be written) is left to the next.
 */
async function tryCompleteMove(context: Context, id: ItemId): Promise<Moved | null> {
  try {
    await completeLeft(context.store, id)
    return await completeMove(context, id)
  } catch (error) {
    if (!isFailure(error)) throw error
    return null
  }
}
