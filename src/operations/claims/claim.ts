/** Claims an item: exactly one of all that try at the same moment gets it. */
import { messageOf } from '../../core/errno.ts'
import { parseId } from '../../core/items/ids.ts'
import type { Run } from '../../core/runs/run.ts'
import { monotonicMs } from '../../store/files/guard.ts'
import type { Current } from '../../store/items/current-item.ts'
import { changeItem } from '../../store/items/item-store.ts'
import { findItem } from '../../store/items/places/find-item.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { type Context, prepareState } from '../context.ts'
import { completeMoves } from '../items/transitions/complete-moves.ts'
import { register } from '../sessions/caller.ts'
import { showSession } from '../sessions/show-sessions.ts'
import { decideOnItem } from './decide-on-item.ts'
import type { HolderInfo } from './holder.ts'
import type { ItemSummary } from './item-summary.ts'
import { describeLoss, type Superseded, supersededClaims } from './lost-claims.ts'
import { type SharedState, sharedClaims, type TakenElsewhere } from './remote-claim.ts'

export interface ClaimOptions {
  /** Age past which another session's lock is taken over, in ms. Default: the queue's setting. */
  ttlMs?: number | undefined
  /** How long to wait for a held item, in ms. Default: not at all. */
  waitMs?: number | undefined
  /** Take the item from whoever holds it, or claim a closed one. The reason is logged. */
  force?: string | undefined
  /** Names this run; a release that names a run then needs the same one. */
  runId?: string | undefined
  /** Accept an item that is done but not archived yet: its review. */
  done?: boolean | undefined
  /** In a coordinated queue: claim it in this clone alone, without asking the engine. */
  local?: boolean | undefined
}

/** What only wrk's own commands ask of a claim. */
export interface OwnClaimOptions extends ClaimOptions {
  /** A process that runs a command under the claim: it excludes other runs of the session, and its death frees the item. */
  run?: Pick<Run, 'id' | 'process'> | undefined
  /** Asked inside the guard before anything else; throws when the item must not be claimed. */
  check?: ((current: Current) => void) | undefined
}

export interface ClaimedItem {
  kind: 'granted' | 'renewed' | 'takenOver'
  item: ItemSummary
  lock: { locked_by: string; locked_at: string; expires_at: string }
  /** Whom it was taken over from, and why. */
  from: { locked_by: string; locked_at: string | null; reason: string } | null
  /** Whether the session held it before by itself: then it outlives the run that this call begins. */
  heldBefore: boolean
  session: { id: string; source: string }
  /** In a coordinated queue: how the engine sees the claim. */
  coordination?: SharedState
  warnings: string[]
}

export interface RefusedClaim {
  kind: 'held'
  item: ItemSummary
  holder: HolderInfo
  session: { id: string; source: string }
  /** The holder's session, if it spoke from the caller's own process, as an agent does before /clear. */
  former?: string | null
  warnings: string[]
}

const WAIT_STEP_MS = 200
/** Asking another machine. */
const SHARED_WAIT_STEP_MS = 2_000

/**
 * @param idText `WRK-157`, `157`, `workspace-hub#1311`
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, CLOSED, BUSY, IO
 */
export async function claim(
  context: Context,
  idText: string,
  options: OwnClaimOptions = {},
): Promise<ClaimedItem | RefusedClaim> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  const places = findItem(store, id)
  prepareState(context)
  await completeMoves(context)
  const caller = await register(context)
  const ttlMs = options.ttlMs ?? store.settings.ttlMs
  const deadline = monotonicMs() + (options.waitMs ?? 0)
  const shared = await sharedClaims(context)

  for (;;) {
    const attempt = (onlyLook: boolean, from: TakenElsewhere | null) =>
      changeItem(store, id, places, current => {
        const decision = decideOnItem(context, current, caller, ttlMs, options, from)
        return onlyLook ? { kind: 'leave', result: decision.result } : decision
      })
    const { result, warnings } = shared
      ? await shared.claimForAll(context, id, caller, options, attempt)
      : await attempt(false, null)
    const left = deadline - monotonicMs()
    if (result.kind === 'held' && left > 0) {
      await store.host.sleep(Math.min(shared ? SHARED_WAIT_STEP_MS : WAIT_STEP_MS, left))
      continue
    }
    if (result.kind === 'held' && result.holder.named_in_file !== null)
      await orWarn(warnings, () => logForeignLock(context, result))
    if (caller.began && result.kind !== 'held')
      warnings.push(...(await showSession(context, caller.session, false)))
    let lost: Superseded[] = []
    await orWarn(warnings, async () => {
      lost = await supersededClaims(context, caller.session, result.item.id)
    })
    const unshared = context.queue.isUnshared ? [UNSHARED] : []
    return {
      ...result,
      warnings: [...caller.warnings, ...result.warnings, ...warnings, ...lost.map(describeLoss), ...unshared],
    }
  }
}

/** The warning for a queue that other worktrees should share and do not. */
export const UNSHARED =
  'claims in this linked worktree are not shared: the repository has no main working tree with this queue. Share one queue: export WRK_QUEUE=DIR. Or keep it apart: worktrees: own in wrk.yaml'

/** Runs what follows a change that has been made: a failure becomes a warning and undoes nothing. */
export async function orWarn(warnings: string[], act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    warnings.push(`could not be recorded: ${messageOf(error)}`)
  }
}

/** Logs a lock in the file that wrk did not write, beside a record: somebody works without wrk. */
async function logForeignLock(
  { store, clock }: Context,
  { item, session, holder }: RefusedClaim,
): Promise<void> {
  const event = pendingEvent(store.host, clock(), 'refused', {
    item: item.id,
    session: session.id,
    previous_holder: holder.session_id,
    reason: `the file names ${holder.named_in_file}, which wrk did not write`,
  })
  await appendEvents(store.host, store.stateDir, [event])
}
