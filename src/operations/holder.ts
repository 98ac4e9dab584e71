/** What can be said of the holder of an item, for refusals and for those who only look. */
import { expiresAt, type HeldLock, heldSince, isStale } from '../core/claim.ts'
import { type Judge, judgeHolder, type Liveness, type ProcessLook } from '../core/liveness.ts'
import type { Lock } from '../core/lock.ts'
import { type Registry, sessionOf } from '../core/session.ts'
import { stamp } from '../core/time.ts'
import type { Store } from '../store/item-reader.ts'
import { here } from '../system/process.ts'

/** The JSON form is part of the contract with scripts. */
export interface HolderInfo {
  session_id: string
  locked_at: string | null
  expires_at: string
  liveness: Liveness['verdict']
  reason: string
  host: string | null
  pid: number | null
  active_wrk: string | null
}

export function judgeFor({ host, settings }: Store, registry: Registry): Judge {
  return { registry, here: here(), look: host.look, unlisted: settings.unlisted }
}

/** The same for many locks at one moment: each process is looked at once. */
export function judgeForMany(store: Store, registry: Registry): Judge {
  const looks = new Map<number, ProcessLook>()
  const judge = judgeFor(store, registry)
  const look = (pid: number) => {
    const known = looks.get(pid) ?? judge.look(pid)
    looks.set(pid, known)
    return known
  }
  return { ...judge, look }
}

/** Gathers what a decision about a present lock needs. */
export function heldLock(judge: Judge, lock: Lock, fileModified: Date): HeldLock {
  return {
    lock,
    liveness: judgeHolder(lock.by, lock.at, judge),
    heartbeat: sessionOf(lock.by, judge.registry)?.heartbeatAt ?? null,
    fileModified,
  }
}

export function holderInfo(held: HeldLock, registry: Registry, ttlMs: number, now: Date): HolderInfo {
  const session = sessionOf(held.lock.by, registry)
  return {
    session_id: held.lock.by,
    locked_at: stamp(heldSince(held, now)),
    expires_at: stamp(expiresAt(held, ttlMs, now)),
    liveness: held.liveness.verdict,
    reason: held.liveness.reason,
    host: session?.anchor?.host ?? null,
    pid: session?.anchor?.pid ?? null,
    active_wrk: session?.activeWrk ?? null,
  }
}

/** How a lock looks to somebody who passes by: also `stale` when its time has run out. */
export function standing({ settings }: Store, held: HeldLock, now: Date): Liveness['verdict'] | 'stale' {
  if (held.liveness.verdict === 'dead') return 'dead'
  return isStale(held, settings.ttlMs, settings.takeover, now) ? 'stale' : held.liveness.verdict
}
