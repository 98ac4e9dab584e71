/** Completes an archiving that was cut short: the item says `archived` but lies where it lay before. */
import { WrkError } from '../core/errors.ts'
import type { ItemId } from '../core/ids.ts'
import { isArchived } from '../core/status.ts'
import { parseInstant } from '../core/time.ts'
import { codeOf } from '../store/errno.ts'
import { type Move, type Settling, settleItem } from '../store/item-move.ts'
import type { ItemReading } from '../store/item-reader.ts'
import type { Context } from './context.ts'

/** `archive/2026-02` for an item that was archived and should lie there; null when it lies well or was not. */
function archiveFolder({ item, lock, place, text }: Settling): string | null {
  const completed = parseInstant(text('completed_at') ?? '')
  return isOutOfPlace({ item, lock, place }) && completed
    ? `archive/${completed.toISOString().slice(0, 7)}`
    : null
}

/** Whether an item looks like one whose archiving was cut short. */
export function isOutOfPlace({ item, lock, place }: Pick<ItemReading, 'item' | 'lock' | 'place'>): boolean {
  return item.status !== null && isArchived(item.status, '') && !lock && !place.folder.startsWith('archive')
}

/** @throws WrkError AMBIGUOUS, BUSY; system errors pass */
export function settle({ store }: Context, id: ItemId): Promise<Move | null> {
  return settleItem(store, id, archiveFolder)
}

/**
 * The same for a command that met such an item on its way to something else: that the move cannot be made (a queue
 * that cannot be written) is left to the next.
 */
export async function settleInPassing(context: Context, id: ItemId): Promise<Move | null> {
  try {
    return await settle(context, id)
  } catch (error) {
    if (!(error instanceof WrkError) && codeOf(error) === undefined) throw error
    return null
  }
}
