/** A session lock that is held in the engine of a coordinated queue: the local lock with the engine's decision around it. */
import type { SharedRecord } from '../../core/coordination/record.ts'
import { WrkError } from '../../core/errors.ts'
import type { LockData, NewLock } from '../../core/locks/session-lock.ts'
import { printable } from '../../core/text.ts'
import { parseInstant, stamp } from '../../core/time.ts'
import type { LockChange } from '../../store/locks/lock-file.ts'
import type { LockPlace } from '../../store/locks/lock-folder.ts'
import { sharedClaims } from '../claims/remote-claim.ts'
import type { ClaimedLock, RefusedLock, TakenLock } from './lock-claim.ts'
import type { LockContext } from './lock-place.ts'
import { type LockLoss, type LockView, viewOf } from './lock-state.ts'

type Change = Pick<LockChange<ClaimedLock | RefusedLock>, 'result' | 'warnings'>

/**
 * @param attempt the local claim: only the look, or the write; gets the holder whose claim the engine took over
 * @throws WrkError USAGE (not coordinated), UNREACHABLE, BUSY, IO
 */
export async function lockClaimRemotely(
  context: LockContext,
  place: LockPlace,
  { runId, keeper, ttlMs, purpose }: NewLock,
  attempt: (onlyLook: boolean, from: TakenLock | null) => Promise<Change>,
): Promise<Change> {
  const look = await attempt(true, null)
  if (!('from' in look.result)) return look
  const shared = await engineOf(context)
  const taking = await shared.takeLockForAll(context, {
    name: place.name,
    runId,
    anchor: keeper.anchor,
    ttlMs: ttlMs ?? context.store.settings.ttlMs,
    purpose,
  })
  if (taking.kind !== 'taken') {
    const verdict = taking.kind === 'held' ? taking.verdict : 'unknown'
    const reason = taking.kind === 'held' ? taking.reason : 'it is closed'
    const view = viewElsewhere(context, place, taking.by, { verdict, reason })
    return { result: { kind: 'held', runId, view, warnings: [] }, warnings: [] }
  }
  const from = taking.from && {
    lock: dataOf(taking.from),
    since: taking.from.claimed_at,
    reason: printable(`${taking.reason} (${taking.from.host})`),
  }
  let change: Change
  try {
    change = await attempt(false, from)
  } catch (error) {
    // The first error is what the caller has to hear; where this fails too, the next command settles it.
    await taking.undo().catch(() => undefined)
    throw error
  }
  if ('from' in change.result) taking.complete()
  else await taking.undo()
  return change
}

async function engineOf(context: LockContext) {
  const shared = await sharedClaims(context)
  if (shared) return shared
  throw new WrkError('USAGE', '--remote needs a queue that is coordinated', {
    hint: 'Set it up: wrk coordination setup',
  })
}

/** Of a lock that the engine holds for this run: how it is there. Null for a lock of this host alone. */
export async function keepRemotely(
  context: LockContext,
  { name }: LockPlace,
  runId: string,
): Promise<{ loss: LockLoss | null; warning: string | null } | null> {
  const shared = await sharedClaims(context)
  const kept = shared && (await shared.keepLockForAll(context, name, runId))
  if (!kept || kept.kind === 'notShared') return null
  if (kept.kind === 'held') return { loss: null, warning: kept.warning && `lock ${name} ${kept.warning}` }
  const at = stamp(context.clock())
  return { loss: { by: null, at, reason: printable(kept.why), own: false }, warning: null }
}

/** Tells the engine that a lock of this run is given up. @returns warnings */
export async function giveUpRemotely(
  context: LockContext,
  { name }: LockPlace,
  runId: string,
): Promise<string[]> {
  const shared = await sharedClaims(context)
  return shared ? shared.giveUpLockForAll(context, name, runId) : []
}

/** Who holds a lock in the engine, in the form of a lock of this host; null: nobody. @throws WrkError UNREACHABLE, USAGE */
export async function showRemotely(context: LockContext, place: LockPlace): Promise<LockView | null> {
  const found = await (await engineOf(context)).readLockForAll(context, place.name)
  return found && viewElsewhere(context, place, found.record, found)
}

function viewElsewhere(
  context: LockContext,
  place: LockPlace,
  record: SharedRecord,
  { verdict, reason }: { verdict: 'alive' | 'dead' | 'unknown'; reason: string },
): LockView {
  const now = context.clock()
  const expires = parseInstant(record.renewed_at)!.getTime() + record.ttl_s * 1000
  return {
    ...viewOf(context, place, null, now),
    lock: dataOf(record),
    ttl_sec: record.ttl_s,
    holder: {
      liveness: verdict,
      reason,
      stale: false,
      since_utc: record.claimed_at,
      expires_utc: stamp(new Date(expires)),
    },
  }
}

function dataOf(record: SharedRecord): LockData {
  const { run, session, host, claimed_at, renewed_at, ttl_s, purpose = null, anchors } = record
  const [anchor] = anchors
  return {
    run_id: run ?? session,
    pid: anchor?.pid ?? null,
    host,
    started_utc: claimed_at,
    purpose,
    ttl_sec: ttl_s,
    session_id: null,
    heartbeat_utc: renewed_at,
    pid_of: anchor ? 'run' : null,
    anchor: anchor ? { started: anchor.started, boot: anchor.boot, pidns: anchor.pidns } : null,
  }
}
