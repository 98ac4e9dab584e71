/** Claims an item: exactly one of all that try at the same moment gets it. */
import { type ClaimDecision, decideClaim, type HeldLock } from '../../core/claims/claim.ts'
import type { Hold } from '../../core/claims/record.ts'
import { messageOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { parseId } from '../../core/items/ids.ts'
import { isArchived } from '../../core/items/status.ts'
import type { EventType, NewEvent } from '../../core/log/event.ts'
import { liveRun, type Run } from '../../core/runs/run.ts'
import { printable } from '../../core/text.ts'
import { humanDuration, stamp } from '../../core/time.ts'
import { monotonicMs } from '../../store/files/guard.ts'
import type { Current } from '../../store/items/current-item.ts'
import { findItem } from '../../store/items/find-item.ts'
import { changeItem } from '../../store/items/item-store.ts'
import type { ItemDecision } from '../../store/items/publication-of.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { recordsCountSince } from '../../store/state-file.ts'
import type { Store } from '../../store/store.ts'
import { here } from '../../system/processes/process.ts'
import { type Context, tidy } from '../context.ts'
import { completeMoves } from '../items/transitions/complete-moves.ts'
import { type Caller, register } from '../sessions/caller.ts'
import { showSession } from '../sessions/show-sessions.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor } from './holder.ts'
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
  /** In a coordinated queue: how the engine sees the claim. */
  coordination?: SharedState
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
  tidy(context)
  await completeMoves(context)
  const caller = await register(context)
  const ttlMs = options.ttlMs ?? store.settings.ttlMs
  const deadline = monotonicMs() + (options.waitMs ?? 0)
  const shared = await sharedClaims(context)

  for (;;) {
    const attempt = (onlyLook: boolean, from: TakenElsewhere | null) =>
      changeItem(store, id, places, current => {
        const decision = decide(context, current, caller, ttlMs, options, from)
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

function decide(
  { store, clock }: Context,
  current: Current,
  caller: Caller,
  ttlMs: number,
  { force, run, runId, done, check }: OwnClaimOptions,
  elsewhere: TakenElsewhere | null,
): ItemDecision<ClaimedItem | RefusedClaim> {
  const now = clock()
  const { item, record } = current
  const open = !item.closed || (done && !isArchived(item.status, current.place.folder))
  if (!open && force === undefined) throw closed(current, run !== undefined)
  check?.(current)
  const judge = judgeFor(store, current.registry, now, ttlMs)
  const held = ownLock(store, current, caller.holder) ?? heldLock(judge, current)
  const request = {
    holder: caller.holder,
    ttlMs,
    takeover: store.settings.takeover,
    force: force ?? null,
    runId: run?.id ?? null,
  }
  const found = decideClaim(held, request, now)
  // Free here, and taken over from a holder that only the engine knew of.
  const decision: ClaimDecision =
    elsewhere && found.kind === 'granted'
      ? { kind: 'takenOver', because: 'ttl', reason: elsewhere.reason }
      : found
  const about = { item: summary(current), session: { id: caller.session, source: caller.identity.source } }
  if (decision.kind === 'held')
    return {
      kind: 'leave',
      result: { kind: 'held', ...about, holder: holderInfo(judge, held!), warnings: [] },
    }

  const renewed = decision.kind === 'renewed'
  const mine = current.runs().find(one => one.run.holder === caller.holder)
  // What a run of ours had claimed and left behind is not what the session held by itself.
  const heldBefore = renewed && !mine?.run.owns
  const at = stamp(now)
  const showsNew = !renewed || !isShownLately(current, caller.holder, store.settings.ttlMs, now)
  const named = run?.id ?? runId
  const hold: Hold = {
    kind: 'take',
    holder: caller.holder,
    // A renewal that names no run leaves the one that is at work its name.
    run: named ?? (renewed ? (record?.run ?? null) : null),
    at,
    showsNew,
  }
  // Others judge this lock by the queue's TTL, whatever age this call took theirs to run out at.
  const expires = stamp(new Date(now.getTime() + store.settings.ttlMs))
  return {
    kind: 'change',
    fields: {},
    hold,
    session: caller.session,
    event: {
      ...eventOf(at, decision, item.id, caller.holder, held?.lock.by ?? elsewhere?.locked_by ?? null, {
        text: force,
        isNeeded: !open,
      }),
      tx: '',
    },
    run: run && { ...run, holder: caller.holder, owns: !heldBefore },
    ends: current.runs().filter(one => one.run.id !== run?.id && !(renewed && one.run.id === held?.liveRun)),
    result: {
      kind: decision.kind,
      ...about,
      heldBefore,
      lock: {
        locked_by: caller.holder,
        locked_at: showsNew ? at : (record?.lockedAt ?? at),
        expires_at: expires,
      },
      from:
        decision.kind === 'takenOver' && held
          ? {
              locked_by: held.lock.by,
              locked_at: held.lock.at && stamp(held.lock.at),
              reason: decision.reason,
            }
          : elsewhere,
      warnings: renewed ? [] : grantWarnings(store, current, now),
    },
  }
}

/**
 * Whether a renewal leaves the file alone: it names the caller since less than half the TTL, or something took the
 * lock out of it since then. That may be a tool that hides changes while hooks run, and would trip over new lines.
 */
export function isShownLately(
  { inFile, record, takenOut, foreign, modified }: Current,
  holder: string,
  ttlMs: number,
  now: Date,
): boolean {
  if (record?.state === 'held' && record.holder === holder && takenOut && !foreign)
    return now.getTime() - modified.getTime() < ttlMs / 2
  const shownAt = record?.state === 'held' && inFile?.by === holder ? inFile.at : null
  if (shownAt === null) return false
  const age = now.getTime() - shownAt.getTime()
  // One that is ahead of the clock is of no use to those who read the file alone.
  return age < ttlMs / 2 && age >= 0
}

/** Warnings about an item that was closed before, or that has no record of earlier claims. */
function grantWarnings(store: Store, { item, record }: Current, now: Date): string[] {
  if (record?.state === 'done' && !item.closed)
    return [
      `${item.id} was ${printable(record.left?.why ?? 'done', 40)} at ${record.left?.at ?? '?'}; git or an editor put an older version of the file back`,
    ]
  // With coordination, the engine knows of what was claimed before.
  if (record || store.settings.isCoordinated) return []
  const since = recordsCountSince(store.host.disk, store.stateDir)
  const age = since && now.getTime() - since.getTime()
  return age !== null && age < store.settings.ttlMs
    ? [`the folder .wrk is only ${humanDuration(age)} old: earlier claims are unknown here`]
    : []
}

/** The caller's own lock; its holder is alive, so no session is looked up. Null when another holds the item. */
function ownLock({ host }: Store, current: Current, holder: string): HeldLock | null {
  const { lock } = current
  if (lock?.by !== holder) return null
  const runs = current.runs().map(({ run }) => run)
  const run = liveRun(holder, runs, { here: here(), look: host.look })
  const reason = run
    ? `run ${run.id} of this session (process ${run.process.pid}) is at work on it`
    : 'your own session'
  return {
    lock,
    liveness: { verdict: 'alive', reason },
    heartbeat: null,
    fileModified: current.modified,
    liveRun: run?.id ?? null,
  }
}

/** @param force the reason that was given with --force, if any; without it a closed item is not claimed at all */
function eventOf(
  time: string,
  decision: Exclude<ClaimDecision, { kind: 'held' }>,
  item: string,
  session: string,
  previous: string | null,
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
    previous_holder: previous,
    reason: force.isNeeded && !byForce ? `${reason}; ${forced}` : reason,
    forced: byForce || force.isNeeded,
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

export function summary({ item, place }: Pick<Current, 'item' | 'place'>): ItemSummary {
  return { id: item.id, path: place.path, title: item.title, status: item.status }
}

/** @param forRun a run's claim, which nothing can force */
function closed({ item, place }: Current, forRun: boolean): WrkError {
  const how = item.status ? `its status is ${printable(item.status, 40)}` : `it is in ${place.folder}/`
  const asItIs = forRun ? '' : `. Claim it closed: wrk claim ${item.id} --force --reason TEXT`
  return new WrkError('CLOSED', `${item.id} is closed: ${how}`, {
    hint: `Reopen it: wrk reopen ${item.id}${asItIs}`,
    details: { item: summary({ item, place }) },
  })
}
