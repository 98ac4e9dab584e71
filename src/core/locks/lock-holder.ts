/**
 * The holder of a session lock as core/claim.ts sees one: a session lock and an item's claim are one engine,
 * and only what is known of the holder comes from elsewhere.
 */
import { type ClaimRequest, expiresAt, type HeldLock } from '../claims/claim.ts'
import { countedSign, latestSign } from '../claims/lock.ts'
import { type Judge, judgeAnchor, judgeSession, type Liveness } from '../sessions/liveness.ts'
import { heartbeatOf, type Registry, type Session, sessionOf } from '../sessions/session.ts'
import type { NewLock, SessionLock } from './session-lock.ts'

/**
 * Judges a lock's holder by what the lock itself records of a process, and for the lock of a session also by
 * the registry, if that lists the session: dead only if all that is known says so, or the session was ended.
 */
export function judgeLock(lock: SessionLock, judge: Judge): Liveness {
  const recorded = judgeRecorded(lock, judge)
  const session = lock.pidOf === 'session' ? listedHolder(lock, judge.registry) : undefined
  if (!session) return recorded ?? byAgeOnly(lock)
  const listed = judgeSession(session, judge)
  if (session.endedAt || !recorded) return listed
  const both = [recorded, listed]
  return (
    both.find(({ verdict }) => verdict === 'alive') ??
    both.find(({ verdict }) => verdict === 'unknown') ??
    recorded
  )
}

function listedHolder({ sessionId }: SessionLock, registry: Registry): Session | undefined {
  return sessionId === null ? undefined : sessionOf(sessionId, registry)
}

/** Null when the lock has nothing that identifies a process. */
function judgeRecorded({ pid, host, anchor }: SessionLock, judge: Judge): Liveness | null {
  return pid === null || !anchor ? null : judgeAnchor({ pid, host: host ?? '', ...anchor }, judge)
}

/** Locks by older tooling carry the pid of a script that has long ended, which says nothing of the run. */
function byAgeOnly({ pid }: SessionLock): Liveness {
  const reason =
    pid === null
      ? 'no process known; only its age counts'
      : `process ${pid} has no recorded start time; only its age counts`
  return { verdict: 'unknown', reason }
}

/** What core/claim.ts decides on. */
export function heldSessionLock(lock: SessionLock, fileModified: Date, judge: Judge, now: Date): HeldLock {
  const session = lock.pidOf === 'session' ? listedHolder(lock, judge.registry) : undefined
  const own = countedSign(lock.heartbeatAt, fileModified, now)
  return {
    lock: { by: lock.runId, at: lock.startedAt },
    liveness: judgeLock(lock, judge),
    heartbeat: latestSign([own, session ? heartbeatOf(session, now) : null]),
    fileModified,
  }
}

/**
 * The claim of a run. A run that has a wrapper is not renewed by a second wrapper of the same id, of which
 * only one may run its command: that one asks as nobody, and gets the lock when the first is dead or its time up.
 */
export function claimRequest(
  { runId, keeper }: Pick<NewLock, 'runId' | 'keeper'>,
  held: SessionLock | null,
  ttlMs: number,
  takeover: ClaimRequest['takeover'],
): ClaimRequest {
  const wrappers = held?.pidOf === 'run' && keeper.pidOf === 'run'
  const same = held?.pid === keeper.anchor?.pid && held?.anchor?.started === keeper.anchor?.started
  return { holder: wrappers && !same ? '' : runId, ttlMs, takeover, force: null }
}

/** When the holder was last seen, as core/claim.ts sees it. */
export function lastSignOf(held: HeldLock, now: Date): Date {
  return expiresAt(held, 0, now)
}
