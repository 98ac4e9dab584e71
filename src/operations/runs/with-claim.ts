/** Does some work of a script's under a claim: for the library, as `wrk execute` does for a command. */
import type { ClaimOptions, RefusedClaim } from '../claims/claim.ts'
import type { ItemSummary } from '../claims/item-summary.ts'
import type { Superseded } from '../claims/lost-claims.ts'
import type { Context } from '../context.ts'
import type { StopSignal } from '../stop-signal.ts'
import { type HoldOptions, holdClaim } from './hold-claim.ts'

export interface WithClaimOptions extends Pick<ClaimOptions, 'ttlMs' | 'waitMs' | 'force'> {
  /** Fires the work's signal too; before the work begins, it ends the call with its reason. */
  signal?: StopSignal | undefined
}

/** What the work is given. */
export interface ClaimInHand {
  item: ItemSummary
  lock: { locked_by: string; locked_at: string; expires_at: string }
  session: { id: string; source: string }
  /** Names this claim among the session's runs. */
  runId: string
  /** Fires when the claim is lost, or when the caller's own signal does: the work should stop then. */
  signal: StopSignal
}

export interface DoneUnderClaim<T> {
  kind: 'done'
  /** What the work gave. */
  value: T
  item: ItemSummary
  session: { id: string; source: string }
  /** Whom it was taken over from, and why. */
  from: { locked_by: string; locked_at: string | null; reason: string } | null
  /** Whether the item is free now; false where the session held it before, or lost it. */
  released: boolean
  /** How the claim was lost meanwhile. What the work did since then may be another's to do. */
  lost: Superseded | null
  warnings: string[]
}

/** @throws WrkError as claim does; what the work throws, and then what was taken is released too */
export async function withClaim<T>(
  context: Context,
  idText: string,
  work: (claim: ClaimInHand) => T | Promise<T>,
  { signal: outer, ...options }: WithClaimOptions = {},
): Promise<DoneUnderClaim<T> | RefusedClaim> {
  outer?.throwIfAborted()
  const hold: HoldOptions<T> = options
  const done = await holdClaim(context, idText, hold, async (_context, { claimed, item, runId }, lost) => {
    outer?.throwIfAborted()
    const { lock, session } = claimed
    return await work({ item, lock, session, runId, signal: outer ? AbortSignal.any([lost, outer]) : lost })
  })
  if (done.kind === 'held') return done
  const { item, claimed, released, lost, warnings } = done.hold
  const { session, from } = claimed
  return { kind: 'done', value: done.value, item, session, from, released, lost, warnings }
}
