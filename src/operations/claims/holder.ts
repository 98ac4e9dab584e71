/** What can be said of the holder of an item, for refusals and for those who only look. */
import { expiresAt, type HeldLock, heldSince, isStale } from '../../core/claims/claim.ts'
import type { Lock } from '../../core/claims/lock.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { judgeWithRuns, liveRun, type Run } from '../../core/runs/run.ts'
import { type Judge, judgeHolder, type Liveness, type ProcessLook } from '../../core/sessions/liveness.ts'
import { type Registry, sessionOf } from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import type { Store } from '../../store/items/item-reader.ts'
import { readRuns } from '../../store/runs/runs.ts'
import { here } from '../../system/process.ts'

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

/** Judges the holders of items: by their sessions, and by their runs on the item in question. */
export interface ItemJudge extends Judge {
  runsOf: (key: ItemKey) => readonly Run[]
}

export function judgeFor({ host, stateDir, settings }: Store, registry: Registry): ItemJudge {
  const runsOf = (key: ItemKey) => readRuns(host.disk, stateDir, key).map(({ run }) => run)
  return { registry, here: here(), look: host.look, unlisted: settings.unlisted, runsOf }
}

/** The same for many locks at one moment: processes and runs are looked at once. */
export function judgeForMany(store: Store, registry: Registry): ItemJudge {
  const looks = new Map<number, ProcessLook>()
  const judge = judgeFor(store, registry)
  const look = (pid: number) => {
    const known = looks.get(pid) ?? judge.look(pid)
    looks.set(pid, known)
    return known
  }
  const runs = readRuns(store.host.disk, store.stateDir)
  const runsOf = (key: ItemKey) => runs.filter(file => file.key === key).map(({ run }) => run)
  return { ...judge, look, runsOf }
}

/** Gathers what a decision about a present lock needs. */
export function heldLock(judge: ItemJudge, key: ItemKey, lock: Lock, fileModified: Date): HeldLock {
  const runs = judge.runsOf(key)
  const session = judgeHolder(lock.by, lock.at, judge)
  return {
    lock,
    liveness: runs.length === 0 ? session : judgeWithRuns(session, lock.by, runs, judge),
    liveRun: runs.length === 0 ? null : (liveRun(lock.by, runs, judge)?.id ?? null),
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
    host: session?.anchors[0]?.host ?? null,
    pid: session?.anchors[0]?.pid ?? null,
    active_wrk: session?.activeWrk ?? null,
  }
}

/** How a lock looks to somebody who passes by: also `stale` when its time has run out. */
export function standing({ settings }: Store, held: HeldLock, now: Date): Liveness['verdict'] | 'stale' {
  if (held.liveness.verdict === 'dead') return 'dead'
  return isStale(held, settings.ttlMs, settings.takeover, now) ? 'stale' : held.liveness.verdict
}
