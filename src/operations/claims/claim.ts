/** Claims an item: exactly one of all that try at the same moment gets it. */
import { type ClaimDecision, decideClaim, type HeldLock } from '../../core/claims/claim.ts'
import type { Lock } from '../../core/claims/lock.ts'
import { messageOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { parseId } from '../../core/items/ids.ts'
import { isArchived } from '../../core/items/status.ts'
import type { EventType, NewEvent } from '../../core/log/event.ts'
import { liveRun, type Run } from '../../core/runs/run.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import { monotonicMs } from '../../store/files/guard.ts'
import { findItem, type Store } from '../../store/items/item-reader.ts'
import { type Current, changeItem, type ItemDecision } from '../../store/items/item-store.ts'
import { here } from '../../system/process.ts'
import { type Context, tidy } from '../context.ts'
import { completeMoves } from '../items/complete-moves.ts'
import { type Caller, register } from '../sessions/caller.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor } from './holder.ts'
import { describeLoss, recordClaims, supersededClaims, without } from './records.ts'

export interface ClaimOptions {
  /** Age past which another session's lock is taken over, in ms. Default: the queue's setting. */
  ttlMs?: number | undefined
  /** How long to wait for a held item, in ms. Default: not at all. */
  waitMs?: number | undefined
  /** Take the item from whoever holds it, or claim a closed one. The reason is logged. */
  force?: string | undefined
  /** Names this run; a release that names a run then needs the same one. */
  runId?: string | undefined
  /** A process that runs a command under the claim: it excludes other runs of the session, and its death frees the item. */
  run?: Pick<Run, 'id' | 'process'> | undefined
  /** Accept an item that is done but not archived yet: its review. */
  done?: boolean | undefined
  /** Asked inside the guard before anything else; throws when the item must not be claimed. */
  check?: ((current: Current) => void) | undefined
}

export interface ItemSummary {
  id: string
  path: string
  title: string
  status: string | null
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
  warnings: string[]
}

export interface RefusedClaim {
  kind: 'held'
  item: ItemSummary
  holder: HolderInfo
  session: { id: string; source: string }
  warnings: string[]
}

const WAIT_STEP_MS = 200

/**
 * @param idText `WRK-157`, `157`, `workspace-hub#1311`
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, CLOSED, BUSY, IO
 */
export async function claim(
  context: Context,
  idText: string,
  options: ClaimOptions = {},
): Promise<ClaimedItem | RefusedClaim> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  const places = findItem(store, id)
  tidy(context)
  await completeMoves(context)
  const caller = await register(context)
  const ttlMs = options.ttlMs ?? store.settings.ttlMs
  const deadline = monotonicMs() + (options.waitMs ?? 0)

  for (;;) {
    const { result, warnings } = await changeItem(store, id, places, current =>
      decide(context, current, caller, ttlMs, options),
    )
    const left = deadline - monotonicMs()
    if (result.kind === 'held' && left > 0) {
      await store.host.sleep(Math.min(WAIT_STEP_MS, left))
      continue
    }
    let claims = caller.claims
    if (result.kind !== 'held') {
      const { id: item } = result.item
      const named = options.run?.id ?? options.runId
      await afterwards(warnings, async () => {
        claims = await recordClaims(context, caller.session, old => {
          // A renewal that names no run leaves the one that is at work its name.
          const runId = named ?? (result.kind === 'renewed' ? old.find(({ id }) => id === item)?.runId : null)
          return [...without(item)(old), { id: item, claimedAt: result.lock.locked_at, runId: runId ?? null }]
        })
      })
    }
    const lost = await supersededClaims(context, caller.session, without(result.item.id)(claims))
    const unshared = context.queue.isUnshared ? [UNSHARED] : []
    return { ...result, warnings: [...warnings, ...lost.map(describeLoss), ...unshared] }
  }
}

/** Of a queue that other worktrees do not share although they should. */
export const UNSHARED =
  'the locks of this linked worktree are its own: the repository has no main working tree with this queue. To share them, name one queue for all with WRK_QUEUE; if it is meant so, write worktrees: own in wrk.yaml'

/** The registry is a projection: failing to write it does not undo the claim. */
export async function afterwards(warnings: string[], record: () => Promise<void>): Promise<void> {
  try {
    await record()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    warnings.push(`what the session works on could not be recorded: ${messageOf(error)}`)
  }
}

function decide(
  { store, clock }: Context,
  current: Current,
  caller: Caller,
  ttlMs: number,
  { force, run, done, check }: ClaimOptions,
): ItemDecision<ClaimedItem | RefusedClaim> {
  const now = clock()
  const { item, lock } = current
  const open = !item.closed || (done && !isArchived(item.status, current.place.folder))
  if (!open && force === undefined) throw closed(current, run !== undefined)
  check?.(current)
  const held = lock && (ownLock(store, current, lock, caller.holder) ?? judged(store, current, lock))
  const request = {
    holder: caller.holder,
    ttlMs,
    takeover: store.settings.takeover,
    force: force ?? null,
    runId: run?.id ?? null,
  }
  const decision = decideClaim(held, request, now)
  const about = {
    item: summary(current),
    session: { id: caller.session, source: caller.identity.source },
    warnings: [],
  }
  if (decision.kind === 'held')
    return {
      kind: 'leave',
      result: { kind: 'held', ...about, holder: holderInfo(held!, current.registry(), ttlMs, now) },
    }

  const renewed = decision.kind === 'renewed'
  const mine = current.runs().find(one => one.run.holder === caller.holder)
  // What a run of ours had claimed and left behind is not what the session held by itself.
  const heldBefore = renewed && !mine?.run.owns
  const lockedAt = stamp(now)
  // Others judge this lock by the queue's TTL, whatever age this call took theirs to run out at.
  const expires = stamp(new Date(now.getTime() + store.settings.ttlMs))
  return {
    kind: 'change',
    fields: { locked_by: caller.holder, locked_at: lockedAt },
    event: {
      ...eventOf(lockedAt, decision, item.id, caller.holder, held, { text: force, isNeeded: !open }),
      tx: store.host.randomLetters(12),
    },
    run: run && { ...run, holder: caller.holder, owns: !heldBefore },
    ends: current.runs().filter(one => one.run.id !== run?.id && !(renewed && one.run.id === held?.liveRun)),
    result: {
      kind: decision.kind,
      ...about,
      heldBefore,
      lock: { locked_by: caller.holder, locked_at: lockedAt, expires_at: expires },
      from:
        decision.kind === 'takenOver' && lock
          ? { locked_by: lock.by, locked_at: lock.at && stamp(lock.at), reason: decision.reason }
          : null,
    },
  }
}

/** Who calls is alive: for one's own lock the registry need not be read. Null when it is another's. */
function ownLock({ host }: Store, current: Current, lock: Lock, holder: string): HeldLock | null {
  if (lock.by !== holder) return null
  const runs = current.runs().map(({ run }) => run)
  const run = liveRun(holder, runs, { here: here(), look: host.look })
  const reason = run
    ? `run ${run.id} of this session (process ${run.process.pid}) is at work on it`
    : 'it is this session'
  return {
    lock,
    liveness: { verdict: 'alive', reason },
    heartbeat: null,
    fileModified: current.modified,
    liveRun: run?.id ?? null,
  }
}

function judged(store: Store, { place, modified, registry }: Current, lock: Lock): HeldLock {
  return heldLock(judgeFor(store, registry()), place.key, lock, modified)
}

/** @param force the reason that was given with --force, if any; without it a closed item is not claimed at all */
function eventOf(
  time: string,
  decision: Exclude<ClaimDecision, { kind: 'held' }>,
  item: string,
  session: string,
  held: HeldLock | null,
  force: { text: string | undefined; isNeeded: boolean },
): NewEvent {
  const event = { time, type: decision.kind satisfies EventType, item, session }
  const forced = force.text === undefined ? null : printable(`forced: ${force.text}`)
  if (decision.kind !== 'takenOver')
    return { ...event, previous_holder: null, reason: forced, forced: forced !== null }
  const reason = printable(decision.reason)
  const byForce = decision.because === 'forced'
  return {
    ...event,
    previous_holder: held?.lock.by ?? null,
    reason: force.isNeeded && !byForce ? `${reason}; ${forced}` : reason,
    forced: byForce || force.isNeeded,
  }
}

export function summary({ item, place }: Pick<Current, 'item' | 'place'>): ItemSummary {
  return { id: item.id, path: place.path, title: item.title, status: item.status }
}

/** @param forRun a run's claim, which nothing can force */
function closed({ item, place }: Current, forRun: boolean): WrkError {
  const how = item.status ? `its status is ${printable(item.status, 40)}` : `it lies in ${place.folder}/`
  const asItIs = forRun ? '' : '. To claim it as it is: --force --reason TEXT'
  return new WrkError('CLOSED', `${item.id} is closed: ${how}`, {
    hint: `Choose another (wrk list), or: wrk reopen ${item.id}${asItIs}`,
    details: { item: summary({ item, place }) },
  })
}
