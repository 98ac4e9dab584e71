/** Whether an item is still as somebody was shown it, asked inside its guard by those who act on what they saw. */
import type { Current } from '../../store/items/current-item.ts'
import type { Context } from '../context.ts'
import { heldLock, holderInfo, judgeFor } from './holder.ts'

/** What was shown of an item: its holder as `watch` and `list` show it, and its status. */
export interface ShownState {
  locked_by: string | null
  locked_at: string | null
  status: string | null
}

export function isAsShown({ store, clock }: Context, current: Current, shown: ShownState): boolean {
  const judge = judgeFor(store, current.registry, clock())
  const held = heldLock(judge, current)
  const holder = held && holderInfo(judge, held)
  return (
    (holder?.session_id ?? null) === shown.locked_by &&
    (holder?.locked_at ?? null) === shown.locked_at &&
    current.item.status === shown.status
  )
}
