/**
 * Archives an item: its status, the time of its completion and the empty lock in one rewrite, then the move to
 * `archive/YYYY-MM/`. The move follows from what was written, so a crash between the two is completed by the next
 * command that meets the item.
 */
import { archiveFolderOf } from '../../../core/items/home.ts'
import { isArchived } from '../../../core/items/status.ts'
import { parseInstant, stamp } from '../../../core/time.ts'
import type { Current } from '../../../store/items/current-item.ts'
import type { ItemDecision } from '../../../store/items/publication-of.ts'
import { pendingEvent } from '../../../store/log/pending-event.ts'
import { type ItemSummary, summary } from '../../claims/item-summary.ts'
import { permission, type Refused } from '../../claims/permission.ts'
import type { Context } from '../../context.ts'
import type { Caller } from '../../sessions/caller.ts'
import { changeAsCaller } from '../change-as-caller.ts'
import { completeMove, placeNow } from './complete-moves.ts'

export type ArchiveResult =
  | {
      kind: 'archived'
      /** False when it was archived before and at most the move was left to do. */
      changed: boolean
      item: ItemSummary
      completed_at: string
      /** The dead or stale holder that gave way. */
      from: { holder: string; reason: string } | null
      warnings: string[]
    }
  | Refused

/**
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function archive(context: Context, idText: string): Promise<ArchiveResult> {
  const { id, result } = await changeAsCaller<ArchiveResult>(
    context,
    idText,
    (current, by) => decide(context, current, by),
    refused => refused,
  )
  if (result.kind === 'refused') return result
  await completeMove(context, id)
  result.item.path = placeNow(context, id, result.item.path)
  return result
}

function decide(context: Context, current: Current, caller: Caller): ItemDecision<ArchiveResult> {
  const instant = context.clock()
  const now = stamp(instant)
  const item = summary(current)
  const { lock, inFile, place } = current
  const allowed = permission(context, current, caller, instant, true)
  if (allowed.kind !== 'may')
    return { kind: 'leave', result: { kind: 'refused', item, why: allowed, warnings: [] } }

  const before = current.text('completed_at')
  const completed = before && parseInstant(before) ? before : now
  const archived = item.status !== null && isArchived(item.status, place.folder)
  const result = {
    kind: 'archived',
    item,
    completed_at: completed,
    from: allowed.from,
    warnings: [],
  } as const
  if (archived && before === completed && !lock && !inFile)
    return { kind: 'leave', result: { ...result, warnings: [], changed: false } }
  return {
    kind: 'change',
    fields: {
      ...(archived ? {} : { status: { word: 'archived' } }),
      ...(before === completed ? {} : { completed_at: { word: completed } }),
    },
    hold: { kind: 'give', state: 'done', at: now, why: 'archived' },
    session: caller.session,
    event: pendingEvent(context.store.host, instant, 'archived', {
      item: item.id,
      session: caller.holder,
      previous_holder: lock && lock.by !== caller.holder ? lock.by : null,
      reason: allowed.from?.reason ?? null,
    }),
    ends: current.runs(),
    move:
      archived || place.folder.startsWith('archive')
        ? undefined
        : { status: 'archived', folder: archiveFolderOf(completed) },
    result: {
      ...result,
      warnings: [],
      changed: true,
      item: { ...item, status: archived ? item.status : 'archived' },
    },
  }
}
