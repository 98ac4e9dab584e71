/**
 * Claims an item for as long as some work takes, and gives back afterwards what it took, whatever happened.
 *
 * Guarantees: the work does not begin without the claim; of one session's runs one at a time works on an item; that the
 * claim is lost fires the signal. A process that is killed leaves a claim that the next one takes over at once.
 */
import { messageOf } from '../../core/errno.ts'
import { type ItemId, parseId } from '../../core/items/ids.ts'
import { generatedRunId } from '../../core/locks/session-lock.ts'
import { removeMarker } from '../../store/files/marker.ts'
import { readItem } from '../../store/items/item-reader.ts'
import { runFile } from '../../store/runs/runs.ts'
import { type ClaimedItem, claim, type OwnClaimOptions, type RefusedClaim } from '../claims/claim.ts'
import type { ItemSummary } from '../claims/item-summary.ts'
import { howLost, type Superseded } from '../claims/lost-claims.ts'
import { release } from '../claims/release.ts'
import { type Context, ownAnchor } from '../context.ts'
import { register } from '../sessions/caller.ts'
import { holdWhile, type Lease, newHoldState } from './hold-while.ts'

/** A claim while work is done under it, and how it ended. */
export interface HeldClaim {
  runId: string
  claimed: ClaimedItem
  /** Where the item is: its path follows it. */
  item: ItemSummary
  /** Whether the item is free now, by this run. */
  released: boolean
  /** Set when the claim was taken over meanwhile. */
  lost: Superseded | null
  warnings: string[]
}

export interface HoldOptions<T>
  extends Pick<OwnClaimOptions, 'ttlMs' | 'waitMs' | 'force' | 'done' | 'check'> {
  /** Keep the claim afterwards. */
  keep?: boolean | undefined
  /** Called when the work has ended, still under the claim; true when it has ended the claim itself. */
  finish?: (context: Context, hold: HeldClaim, value: T) => Promise<boolean>
}

/**
 * @param work gets a context with the session that claimed
 * @throws WrkError as claim does; what the work throws
 */
export async function holdClaim<T>(
  context: Context,
  idText: string,
  { keep = false, finish, ...options }: HoldOptions<T>,
  work: (context: Context, hold: HeldClaim, signal: AbortSignal) => Promise<T>,
): Promise<{ kind: 'ran'; hold: HeldClaim; value: T } | RefusedClaim> {
  const { host, settings, stateDir } = context.store
  const id = parseId(idText, settings.idPrefix)
  const run = { id: generatedRunId(context.clock(), host.randomLetters(6)), process: ownAnchor(host) }
  try {
    const claimed = await claim(context, idText, { ...options, run })
    if (claimed.kind === 'held') return claimed
    const session: Context = { ...context, session: claimed.session.id }
    const hold: HeldClaim = {
      runId: run.id,
      claimed,
      item: claimed.item,
      released: false,
      lost: null,
      warnings: [...claimed.warnings],
    }
    const state = newHoldState<Superseded>()
    try {
      const value = await holdWhile(claimLease(session, id, hold), state, signal =>
        work(session, hold, signal),
      )
      if (finish && !hold.lost) hold.released = await finish(session, hold, value)
      return { kind: 'ran', hold, value }
    } finally {
      hold.warnings.push(...state.warnings)
      await giveBack(session, id, hold, keep)
    }
  } finally {
    removeMarker(host.disk, runFile(stateDir, id.key, run.id))
  }
}

/** Sends heartbeats and checks the claim, as often as the TTL asks for. */
function claimLease(context: Context, id: ItemId, hold: HeldClaim): Lease<Superseded> {
  const { ttlMs } = context.store.settings
  return {
    // Signs of life are counted in seconds and may come late: of a TTL of two seconds, half a second is left.
    everyMs: Math.min(1_000, Math.max(100, ttlMs / 20)),
    renewEveryMs: Math.min(60_000, Math.max(100, ttlMs / 10)),
    look: async isDue => {
      if (isDue) await register(context, { heartbeat: true, onlyIfOpen: true })
      hold.lost = await lossOf(context, id, hold)
      return hold.lost ? { kind: 'lost', loss: hold.lost } : { kind: 'held', isRenewed: isDue }
    },
    failed: reason => `the claim could not be watched: ${reason}`,
  }
}

/** Whether somebody else has taken the item. One that the work itself gave up or archived is not lost. */
async function lossOf(
  context: Context,
  id: ItemId,
  { claimed, item }: HeldClaim,
): Promise<Superseded | null> {
  const [reading, ...others] = await readItem(context.store, id)
  if (!reading || others.length > 0 || reading.lock?.by === claimed.lock.locked_by) return null
  item.path = reading.place.path
  const loss = howLost(context, claimed.session.id, item.id, reading.lock?.by ?? null)
  // A taking before this claim is an old story.
  return reading.lock || (loss?.at ?? '') >= claimed.lock.locked_at ? loss : null
}

/** Releases what this run claimed, unless it is to be kept, was held before, or is not ours any more. */
async function giveBack(context: Context, id: ItemId, hold: HeldClaim, keep: boolean): Promise<void> {
  if (hold.released || hold.lost) return
  try {
    if (keep || hold.claimed.heldBefore) {
      hold.lost = await lossOf(context, id, hold)
      return
    }
    const { released, reason, superseded, warnings } = await release(context, id.display, {
      runId: hold.runId,
    })
    hold.lost = superseded
    // That the work gave the item up itself is as good.
    hold.released = released || (reason === 'not-locked' && !superseded)
    hold.warnings.push(...warnings)
    if (reason === 'held-by-other' && !superseded)
      hold.warnings.push(`${id.display} was released while the command ran; another session holds it now`)
    if (reason === 'other-run')
      hold.warnings.push(
        `${id.display} was claimed again by this session while the command ran and stays held`,
      )
  } catch (error) {
    if (!(error instanceof Error)) throw error
    hold.warnings.push(`${id.display} could not be released: ${messageOf(error)}`)
  }
}
