/** Claims a session lock for a run: of all that try at the same moment one gets it. */
import { decideClaim } from '../../core/claims/claim.ts'
import { WrkError } from '../../core/errors.ts'
import { claimRequest } from '../../core/locks/lock-holder.ts'
import {
  checkLockName,
  checkRunId,
  generatedRunId,
  grantedLock,
  type Keeper,
  type LockData,
  lockData,
  lockText,
  type NewLock,
  renewedLock,
} from '../../core/locks/session-lock.ts'
import { printable } from '../../core/text.ts'
import type { LockDecision, LockFileReading } from '../../store/locks/lock-file.ts'
import { type LockPlace, lockPlace, makeLockFolder } from '../../store/locks/lock-folder.ts'
import type { LockContext } from './lock-place.ts'
import { lockClaimRemotely } from './lock-remote.ts'
import {
  decideLock,
  heldAfter,
  keeperOf,
  type LockHold,
  type LockView,
  lockEvent,
  viewOf,
} from './lock-state.ts'

export interface LockClaimOptions {
  runId?: string | undefined
  /** How long the lock lives after the run's last renewal, in ms. Default: the setting. */
  ttlMs?: number | undefined
  purpose?: string | undefined
  /** How long to wait for a held lock, in ms. Default: not at all. */
  waitMs?: number | undefined
  /** The kind of process that the lock names. Default: the session's. */
  pidOf?: Keeper['pidOf']
  /** Hold it in the engine of the coordinated queue, for all clones and hosts. */
  remote?: boolean | undefined
  /** Asked while waiting; true ends it. */
  giveUp?: () => boolean
}

export interface ClaimedLock {
  kind: 'granted' | 'renewed' | 'takenOver'
  runId: string
  keeper: Keeper
  view: LockView
  /** Whom it was taken over from, and why. */
  from: { lock: LockData; since: string; reason: string } | null
  warnings: string[]
}

export interface RefusedLock {
  /** `corrupt`: the file cannot be read, so nobody can tell whether it is free. */
  kind: 'held' | 'corrupt'
  runId: string
  view: LockView
  warnings: string[]
}

const WAIT_STEP_MS = 200
/** Asking another machine. */
const SHARED_WAIT_STEP_MS = 2_000
const LEAST_TTL_MS = 1000

/** @throws WrkError USAGE, BUSY, IO; with `remote` also UNREACHABLE (69): nothing was claimed */
export async function lockClaim(
  context: LockContext,
  name: string,
  options: LockClaimOptions = {},
): Promise<ClaimedLock | RefusedLock> {
  const { store } = context
  const { ttlMs, purpose, waitMs = 0, pidOf = 'session', giveUp = () => false, remote = false } = options
  if (ttlMs !== undefined && ttlMs < LEAST_TTL_MS)
    throw new WrkError('USAGE', '--ttl must be at least 1s', {
      hint: 'Write seconds, or a time such as 30m or 2h.',
    })
  checkLockName(name)
  const runId =
    options.runId === undefined
      ? generatedRunId(context.clock(), store.host.randomLetters(6))
      : checkRunId(options.runId)
  const keeper = await keeperOf(context, pidOf)
  const place = lockPlace(makeLockFolder(store.host.disk, context.locks), name)
  const deadline = performance.now() + waitMs
  const request: NewLock = { runId, keeper, ttlMs: ttlMs ?? null, purpose: purpose ?? null }

  for (;;) {
    const attempt = (onlyLook: boolean, from: TakenLock | null) =>
      decideLock(context, place, (reading, found, now) => {
        const decision = decide(context, place, request, reading, found, now, from)
        return onlyLook ? { kind: 'leave', result: decision.result } : decision
      })
    const { result, warnings } = remote
      ? await lockClaimRemotely(context, place, request, attempt)
      : await attempt(false, null)
    const left = deadline - performance.now()
    if (result.kind === 'held' && left > 0 && !giveUp()) {
      await store.host.sleep(Math.min(remote ? SHARED_WAIT_STEP_MS : WAIT_STEP_MS, left))
      continue
    }
    return { ...result, warnings }
  }
}

type Decided = ClaimedLock | RefusedLock

/** Whom another clone or host had it taken over from. */
export type TakenLock = NonNullable<ClaimedLock['from']>

function decide(
  context: LockContext,
  place: LockPlace,
  request: NewLock,
  reading: LockFileReading | null,
  found: LockHold | null,
  now: Date,
  elsewhere: TakenLock | null,
): LockDecision<Decided> {
  const { settings } = context.store
  const { runId, keeper } = request
  if (reading?.kind === 'corrupt') {
    const view = viewOf(context, place, null, now, reading.why)
    return { kind: 'leave', result: { kind: 'corrupt', runId, view, warnings: [] } }
  }
  const old = found?.lock ?? null
  const asked = claimRequest(request, old, found?.ttlMs ?? settings.ttlMs, settings.takeover)
  const decision = decideClaim(found?.held ?? null, asked, now)
  if (decision.kind === 'held') {
    const view = viewOf(context, place, found, now)
    return { kind: 'leave', result: { kind: 'held', runId, view, warnings: [] } }
  }
  const lock =
    decision.kind === 'renewed' && found
      ? renewedLock(found.lock, request, found.held.fileModified, now)
      : grantedLock({ ...request, ttlMs: request.ttlMs ?? settings.ttlMs }, now)
  const taken =
    decision.kind === 'takenOver' && found ? takenFrom(context, place, found, decision.reason, now) : null
  const from = taken ?? elsewhere
  const kind = elsewhere && decision.kind === 'granted' ? 'takenOver' : decision.kind
  return {
    kind: 'write',
    text: lockText(lock),
    event: lockEvent(context, place, kind, now, {
      session: runId,
      previous_holder: from?.lock.run_id ?? null,
      reason: from?.reason ?? (keeper.sessionId && `session ${keeper.sessionId}`),
    }),
    result: {
      kind,
      runId,
      keeper,
      view: viewOf(context, place, heldAfter(context, lock, now), now),
      from,
      warnings: [],
    },
  }
}

function takenFrom(
  context: LockContext,
  place: LockPlace,
  found: LockHold,
  reason: string,
  now: Date,
): TakenLock {
  const { since_utc } = viewOf(context, place, found, now).holder!
  return { lock: lockData(found.lock), since: since_utc, reason: printable(reason) }
}
