/**
 * Releases an item for a holder that cannot do it any more: dead, or silent for longer than the TTL.
 * The same decision as a takeover, made inside the guard on the lock as it is there, so that a lock which changed
 * since somebody looked at it is judged again. Needs no identity, since nobody gets the item.
 *
 * The holder's record of its claim stays: should it come back, that is how it learns that it lost the item.
 */
import { decideClaim } from '../../core/claims/claim.ts'
import { parseId } from '../../core/items/ids.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import type { Current } from '../../store/items/current-item.ts'
import { changeItem } from '../../store/items/item-store.ts'
import { findItem } from '../../store/items/places/find-item.ts'
import type { ItemDecision } from '../../store/items/publication-of.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import type { Context } from '../context.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor } from './holder.ts'
import { type ItemSummary, summary } from './item-summary.ts'
import { sharedClaims } from './remote-claim.ts'

export type ReapResult =
  | { kind: 'reaped'; item: ItemSummary; from: HolderInfo; reason: string; warnings: string[] }
  /** Nobody holds it (any more). */
  | { kind: 'free'; item: ItemSummary; warnings: string[] }
  /** Its holder lives, or may live. */
  | { kind: 'held'; item: ItemSummary; holder: HolderInfo; warnings: string[] }

/** @throws WrkError USAGE, NOT_FOUND, AMBIGUOUS, INVALID_ITEM, BUSY; system errors pass */
export async function reap(context: Context, idText: string): Promise<ReapResult> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  const { result, warnings } = await changeItem(store, id, findItem(store, id), current =>
    decide(context, current),
  )
  result.warnings.push(...warnings)
  const shared = result.kind === 'reaped' ? await sharedClaims(context) : null
  if (shared && result.kind === 'reaped') {
    const end = { holder: result.from.session_id, state: 'released' } as const
    result.warnings.push(...(await shared.giveUpForAll(context, id, end)).warnings)
  }
  return result
}

function decide({ store, clock }: Context, current: Current): ItemDecision<ReapResult> {
  const now = clock()
  const { ttlMs, takeover } = store.settings
  const judge = judgeFor(store, current.registry, now)
  const held = heldLock(judge, current)
  const item = summary(current)
  if (!held) return { kind: 'leave', result: { kind: 'free', item, warnings: [] } }

  const holder = holderInfo(judge, held)
  // No holder has the name '': what a stranger could take over is free, whoever asks.
  const decision = decideClaim(held, { holder: '', ttlMs, takeover, force: null }, now)
  if (decision.kind !== 'takenOver')
    return { kind: 'leave', result: { kind: 'held', item, holder, warnings: [] } }

  const reason = printable(`reaped: ${decision.reason}`)
  return {
    kind: 'change',
    fields: {},
    hold: { kind: 'give', state: 'released', at: stamp(now), why: reason },
    event: pendingEvent(store.host, now, 'released', {
      item: item.id,
      previous_holder: held.lock.by,
      reason,
    }),
    ends: current.runs(),
    result: { kind: 'reaped', item, from: holder, reason, warnings: [] },
  }
}
