/** Who holds an item and what can be said of that holder, for decisions, refusals and those who only look. */
import { decideClaim, expiresAt, type HeldLock, heldSince, isStale } from '../../core/claims/claim.ts'
import { countedSign, type Lock, latestSign } from '../../core/claims/lock.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { LeftWork } from '../../core/items/next.ts'
import { isBegun } from '../../core/items/status.ts'
import { judgeWithRuns, liveRun, type Run } from '../../core/runs/run.ts'
import { type Judge, judgeHolder, type Liveness, type ProcessLook } from '../../core/sessions/liveness.ts'
import { heartbeatOf, type Registry, sessionOf } from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import { sessionClaims } from '../../store/claims/session-claims.ts'
import type { ItemReading } from '../../store/items/item-reading.ts'
import { readRuns } from '../../store/runs/runs.ts'
import type { Store } from '../../store/store.ts'
import { here } from '../../system/processes/process.ts'

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
  /** Git or an editor removed the lock from the file. */
  taken_out: boolean
  /** Another holder that the file names and wrk did not write. */
  named_in_file: string | null
}

interface KnownHolder {
  liveness: Liveness
  heartbeat: Date | null
}

/** Judges the holders of items: by their sessions, and by their runs on the item in question. */
export interface ItemJudge extends Judge {
  runsOf: (key: ItemKey) => readonly Run[]
  /** What is the same for all items of a holder with a known session; null for any other. */
  knownHolder: (holder: string) => KnownHolder | null
  /** The item that a session claimed last, of those that it holds. */
  activeItem: (session: string) => string | null
  now: Date
  ttlMs: number
  takeover: 'ttl' | 'dead-only'
  /** Whether an engine knows who holds an item that no record of this clone names. */
  isCoordinated: boolean
}

/** What sessions are judged by. */
export function sessionJudge({ host, settings }: Store, registry: Registry): Judge {
  return { registry, here: here(), look: host.look, unlisted: settings.unlisted }
}

/** @param registry asked for when a session is judged: an item without a lock needs none */
export function judgeFor(
  store: Store,
  registry: () => Registry,
  now: Date,
  ttlMs = store.settings.ttlMs,
): ItemJudge {
  const { host, stateDir, settings } = store
  const { takeover, unlisted, isCoordinated } = settings
  const runsOf = (key: ItemKey) => readRuns(host.disk, stateDir, key).map(({ run }) => run)
  const activeItem = (session: string) => sessionClaims(host.disk, stateDir, session).at(-1)?.id ?? null
  const judge: ItemJudge = {
    get registry() {
      return registry()
    },
    here: here(),
    look: host.look,
    unlisted,
    runsOf,
    knownHolder: holder => knownHolder(judge, holder),
    activeItem,
    now,
    ttlMs,
    takeover,
    isCoordinated,
  }
  return judge
}

function knownHolder(judge: ItemJudge, holder: string): KnownHolder | null {
  const session = sessionOf(holder, judge.registry)
  return (
    (session && { liveness: judgeHolder(holder, null, judge), heartbeat: heartbeatOf(session, judge.now) }) ??
    null
  )
}

/** The same for many locks at one moment: processes and runs are looked at once. */
export function judgeForMany(store: Store, registry: Registry, now: Date): ItemJudge {
  const looks = new Map<number, ProcessLook>()
  const judge = judgeFor(store, () => registry, now)
  const look = (pid: number) => {
    const known = looks.get(pid) ?? judge.look(pid)
    looks.set(pid, known)
    return known
  }
  const runs = readRuns(store.host.disk, store.stateDir)
  const runsOf = (key: ItemKey) =>
    runs.length === 0 ? NO_RUNS : runs.filter(file => file.key === key).map(({ run }) => run)
  const many: ItemJudge = {
    ...judge,
    look,
    runsOf,
    knownHolder: once(holder => knownHolder(many, holder)),
    activeItem: once(judge.activeItem),
  }
  return many
}

const NO_RUNS: readonly Run[] = []

/** Asks once for each name. */
function once<T>(ask: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return name => {
    const answer = known.get(name)
    if (answer !== undefined) return answer
    const found = ask(name)
    known.set(name, found)
    return found
  }
}

/** What of a reading shows who holds the item. */
export type HeldReading = Pick<
  ItemReading,
  | 'place'
  | 'lock'
  | 'byRecord'
  | 'foreign'
  | 'takenOut'
  | 'isUnshown'
  | 'renewedAt'
  | 'recordModified'
  | 'modified'
>

/**
 * Who holds an item, with what a decision about it needs; null: nobody. The one answer for claim, release, list, show,
 * status, watch, doctor, heartbeat and verify. A lock that wrk did not write counts once the record's holder is dead or
 * silent for longer than the TTL.
 */
export function heldLock(judge: ItemJudge, reading: HeldReading): HeldLock | null {
  const { lock, byRecord, foreign, takenOut, isUnshown, renewedAt, recordModified, modified, place } = reading
  if (!lock) return null
  // With coordination, a lock that a file brought from elsewhere is no claim: the engine knows who has it.
  if (!byRecord) return judge.isCoordinated ? null : judgeLock(judge, place.key, lock, null, modified)
  const held = judgeLock(judge, place.key, lock, renewedAt, recordModified)
  if (foreign && !judge.isCoordinated && givesWay(judge, held))
    return judgeLock(judge, place.key, foreign, null, modified)
  return { ...held, takenOut, isUnshown, foreign }
}

/** What of a reading is kept of it by those who keep thousands. */
export function heldOf({
  place,
  lock,
  byRecord,
  foreign,
  takenOut,
  isUnshown,
  renewedAt,
  recordModified,
  modified,
}: HeldReading): HeldReading {
  return { place, lock, byRecord, foreign, takenOut, isUnshown, renewedAt, recordModified, modified }
}

/** A lock without a record, such as one that a commit names. @param modified used if the lock's time is unusable */
function judgeLock(
  judge: ItemJudge,
  key: ItemKey,
  lock: Lock,
  renewed: Date | null,
  modified: Date,
): HeldLock {
  const runs = judge.runsOf(key)
  const known = judge.knownHolder(lock.by)
  const session = known ? known.liveness : judgeHolder(lock.by, lock.at, judge)
  return {
    lock,
    liveness: runs.length === 0 ? session : judgeWithRuns(session, lock.by, runs, judge),
    liveRun: runs.length === 0 ? null : (liveRun(lock.by, runs, judge)?.id ?? null),
    heartbeat: latestSign([known ? known.heartbeat : null, countedSign(renewed, modified, judge.now)]),
    fileModified: modified,
  }
}

/**
 * Who left an item that was begun; null for one that is held by a session which lives or may live, and for one that
 * nobody ever claimed here (contract, section 5: a queue that comes from elsewhere has such items).
 */
export function leftWork(
  judge: ItemJudge,
  { item, place, record }: Pick<ItemReading, 'item' | 'place' | 'record'>,
  held: HeldLock | null,
): LeftWork | null {
  if (!isBegun(item.status, place.folder)) return null
  if (held) return givesWay(judge, held) ? { by: held.lock.by, at: null, why: held.liveness.reason } : null
  if (record?.state !== 'released' || record.holder === '') return null
  return { by: record.holder, at: record.left?.at ?? null, why: record.left?.why ?? null }
}

/** Whether a stranger could take the item: its holder is dead, or silent for longer than the TTL. */
export function givesWay({ ttlMs, takeover, now }: ItemJudge, held: HeldLock): boolean {
  return decideClaim(held, { holder: '', ttlMs, takeover, force: null }, now).kind === 'takenOver'
}

export function holderInfo(judge: ItemJudge, held: HeldLock): HolderInfo {
  const { registry, ttlMs, now } = judge
  const session = sessionOf(held.lock.by, registry)
  return {
    session_id: held.lock.by,
    locked_at: stamp(heldSince(held, now)),
    expires_at: stamp(expiresAt(held, ttlMs, now)),
    liveness: held.liveness.verdict,
    reason: held.liveness.reason,
    host: session?.anchors[0]?.host ?? null,
    pid: session?.anchors[0]?.pid ?? null,
    active_wrk: session ? (judge.activeItem(session.id) ?? session.activeWrk) : null,
    // Nothing took a lock out of a file that never showed it.
    taken_out: held.takenOut === true && held.isUnshown !== true,
    named_in_file: held.foreign?.by ?? null,
  }
}

/** How a lock looks to somebody who passes by: also `stale` when its time has run out. */
export function lockState(
  { ttlMs, takeover, now }: ItemJudge,
  held: HeldLock,
): Liveness['verdict'] | 'stale' {
  if (held.liveness.verdict === 'dead') return 'dead'
  return isStale(held, ttlMs, takeover, now) ? 'stale' : held.liveness.verdict
}
