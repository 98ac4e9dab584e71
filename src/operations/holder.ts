/** What can be said of the holder of an item, for refusals and for those who only look. */
import { expiresAt, type HeldLock, heldSince, isStale } from '../core/claim.ts'
import { type Judge, judgeHolder, type Liveness } from '../core/liveness.ts'
import type { Lock } from '../core/lock.ts'
import { type Registry, sessionOf } from '../core/session.ts'
import { stamp } from '../core/time.ts'
import type { Store } from '../store/item-store.ts'
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

/** Gathers what a decision about a present lock needs. */
export function heldLock(store: Store, registry: Registry, lock: Lock, fileModified: Date): HeldLock {
  return {
    lock,
    liveness: judgeHolder(lock.by, lock.at, judgeFor(store, registry)),
    heartbeat: sessionOf(lock.by, registry)?.heartbeatAt ?? null,
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
