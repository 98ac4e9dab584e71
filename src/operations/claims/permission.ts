/** Who may write to an item beside its holder: nobody. What a refusal says, and what a takeover frees. */
import { type ClaimDecision, decideClaim } from '../../core/claims/claim.ts'
import type { Current } from '../../store/items/current-item.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor } from './holder.ts'
import type { ItemSummary } from './item-summary.ts'
import { howCallerLost, type Superseded } from './lost-claims.ts'

export type Permission =
  /** It is free, or held by the caller. `from` is set when a dead or stale holder gives way. */
  | { kind: 'may'; from: { holder: string; reason: string } | null }
  | { kind: 'held'; holder: HolderInfo; superseded: Superseded | null }
  /** The caller held it, it was taken over, and now nobody holds it. */
  | { kind: 'lost'; superseded: Superseded }

/** The answer of a verb that changes nothing for that. */
export interface Refused {
  kind: 'refused'
  item: ItemSummary
  why: Exclude<Permission, { kind: 'may' }>
  warnings: string[]
}

/**
 * Whether the caller may write to an item, decided on what the guard shows.
 * @param now the instant of the whole decision, its event's too: a process may be stopped between two looks at the clock
 * @param takeOver whether a dead or stale holder gives way
 * @param fresh whether the item is claimed again: then it does not matter that the caller lost it before
 */
export function permission(
  context: Context,
  current: Current,
  caller: Caller,
  now: Date,
  takeOver: boolean,
  fresh = false,
): Permission {
  const { store } = context
  const judge = judgeFor(store, current.registry, now)
  const { lock } = current
  if (lock?.by === caller.holder) return { kind: 'may', from: null }
  const lost = () => howCallerLost(context, current, caller)
  if (!lock) {
    const superseded = fresh ? null : lost()
    return superseded ? { kind: 'lost', superseded } : { kind: 'may', from: null }
  }
  const held = heldLock(judge, current)
  if (!held) return { kind: 'may', from: null }
  const { ttlMs, takeover } = store.settings
  const decision: ClaimDecision = takeOver
    ? decideClaim(held, { holder: caller.holder, ttlMs, takeover, force: null }, now)
    : { kind: 'held' }
  const superseded = lost()
  if (decision.kind === 'takenOver' && (fresh || !superseded))
    return { kind: 'may', from: { holder: held.lock.by, reason: decision.reason } }
  return {
    kind: 'held',
    holder: holderInfo(judge, held),
    superseded,
  }
}
