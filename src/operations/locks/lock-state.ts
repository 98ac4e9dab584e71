/** The present state of a session lock: who holds it, since when, until when, and whether the holder lives. */
import { expiresAt, type HeldLock, heldSince, isStale } from '../../core/claims/claim.ts'
import { heldSessionLock } from '../../core/locks/lock-holder.ts'
import { type Keeper, type LockData, lockData, type SessionLock } from '../../core/locks/session-lock.ts'
import type { EventType, NewEvent } from '../../core/log/event.ts'
import type { Judge, Liveness } from '../../core/sessions/liveness.ts'
import { listedSession } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import { sweepDrafts } from '../../store/drafts.ts'
import {
  changeLock,
  type LockChange,
  type LockDecision,
  type LockFileReading,
  readLockFile,
} from '../../store/locks/lock-file.ts'
import type { LockPlace } from '../../store/locks/lock-folder.ts'
import type { PendingEvent } from '../../store/log/event-log.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { readEvents } from '../../store/log/read-log.ts'
import { withReaders } from '../../store/readers.ts'
import { loadRegistry } from '../../store/sessions/session-registry.ts'
import { here } from '../../system/processes/process.ts'
import { sessionJudge } from '../claims/holder.ts'
import { ownAnchor } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import type { LockContext } from './lock-place.ts'

/** A held lock and what is known of its holder. */
export interface LockHold {
  lock: SessionLock
  /** What core/claim.ts decides on. */
  held: HeldLock
  /** Its own TTL, or the default where it names none. */
  ttlMs: number
}

interface HolderView {
  liveness: Liveness['verdict']
  reason: string
  /** Its time is up: a claim would take it over whatever is known of its holder. */
  stale: boolean
  since_utc: string
  expires_utc: string
}

/** The JSON form of these is part of the contract with scripts. */
export interface LockView {
  name: string
  lock_path: string
  lock: LockData | null
  /** Of the lock; the default where nobody holds it. */
  ttl_sec: number
  /** Null when nobody holds it, or the file cannot be read. */
  holder: HolderView | null
  /** Why the file cannot be read as a lock. */
  corrupt: string | null
}

export function heldIn(
  { store }: LockContext,
  reading: LockFileReading | null,
  judge: Judge,
  now: Date,
): LockHold | null {
  if (reading?.kind !== 'held') return null
  const { lock, modified } = reading
  return {
    lock,
    held: heldSessionLock(lock, modified, judge, now),
    ttlMs: lock.ttlMs ?? store.settings.ttlMs,
  }
}

/** A lock as it will be found once it is published. */
export function heldAfter(context: LockContext, lock: SessionLock, now: Date): LockHold | null {
  const judge = sessionJudge(context.store, { kind: 'missing' })
  return heldIn(context, { kind: 'held', lock, modified: now }, judge, now)
}

export function viewOf(
  { store: { settings } }: LockContext,
  place: LockPlace,
  found: LockHold | null,
  now: Date,
  corrupt: string | null = null,
): LockView {
  return {
    name: place.name,
    lock_path: place.file,
    lock: found && lockData(found.lock),
    ttl_sec: (found?.ttlMs ?? settings.ttlMs) / 1000,
    holder: found && {
      liveness: found.held.liveness.verdict,
      reason: found.held.liveness.reason,
      stale: isStale(found.held, found.ttlMs, settings.takeover, now),
      since_utc: stamp(heldSince(found.held, now)),
      expires_utc: stamp(expiresAt(found.held, found.ttlMs, now)),
    },
    corrupt,
  }
}

/** @throws WrkError IO */
export async function lockShow(context: LockContext, place: LockPlace): Promise<LockView> {
  const { registry } = await resolveCaller(context)
  const now = context.clock()
  const reading = readLockFile(context.store.host.disk, place)
  const found = heldIn(context, reading, sessionJudge(context.store, registry), now)
  return viewOf(context, place, found, now, reading?.kind === 'corrupt' ? reading.why : null)
}

/** Changes a lock on what the guard shows of it, of its holder and of the sessions. */
export function decideLock<T>(
  context: LockContext,
  place: LockPlace,
  decide: (reading: LockFileReading | null, found: LockHold | null, now: Date) => LockDecision<T>,
): Promise<LockChange<T>> {
  const { store, clock } = context
  sweepDrafts(store.host, place.stateDir)
  return withReaders(full =>
    changeLock(store.host, place, reading => {
      const now = clock()
      const registry = loadRegistry(store.host.disk, store.registry, full)
      return decide(reading, heldIn(context, reading, sessionJudge(store, registry), now), now)
    }),
  )
}

/**
 * Who keeps what this call claims.
 * @param pidOf `run`: this process, which stays as long as the lock is held; `session`: the caller's agent or
 *   terminal, as far as one is known. Nobody is registered by that: the run is the holder
 */
export async function keeperOf(context: LockContext, pidOf: Keeper['pidOf']): Promise<Keeper> {
  const { registry, identity, caller } = await resolveCaller(context)
  const listed = caller && listedSession(registry, caller.session)
  return {
    sessionId: caller?.holder ?? null,
    host: here().host,
    anchor:
      pidOf === 'run' ? ownAnchor(context.store.host) : (identity?.anchor ?? listed?.anchors[0] ?? null),
    pidOf,
  }
}

/** An event about a lock. Who acts and who is acted on are runs. */
export function lockEvent(
  { store }: LockContext,
  place: LockPlace,
  type: EventType,
  now: Date,
  rest: Partial<NewEvent>,
): PendingEvent {
  return pendingEvent(store.host, now, type, { ...rest, item: `lock:${place.name}` })
}

/** How a run lost a lock. */
export interface LockLoss {
  /** The run that holds it now; null when nobody does. */
  by: string | null
  at: string | null
  reason: string | null
  /** It was the run itself that gave it up. */
  own: boolean
}

/** Asks the file and the event log how a run lost a lock. */
export function howLockLost(
  { store }: LockContext,
  place: LockPlace,
  runId: string,
  reading: LockFileReading | null,
): LockLoss {
  const events = readEvents(store.host.disk, place.stateDir).filter(
    ({ item }) => item === `lock:${place.name}`,
  )
  // A run id may be used again: what happened before its last claim is of an earlier run.
  const claimed = events.findLastIndex(
    ({ type, session }) => session === runId && ['granted', 'takenOver', 'renewed'].includes(type),
  )
  const taking = events
    .slice(claimed + 1)
    .find(({ type, previous_holder }) => previous_holder === runId && type !== 'refused')
  const released = reading?.kind === 'released' ? reading.released : null
  return {
    by: reading?.kind === 'held' ? reading.lock.runId : null,
    at: taking?.time ?? null,
    reason: taking?.reason ?? null,
    own:
      (released?.runId === runId && released.by === 'holder') ||
      (taking?.type === 'released' && taking.session === runId),
  }
}

/** One sentence about a lost lock. */
export function describeLockLoss(name: string, runId: string, { by, at, reason, own }: LockLoss): string {
  const when = at ? ` at ${at}` : ''
  const why = reason ? ` (${printable(reason)})` : ''
  const run = printable(runId, 128) || 'an unknown run'
  if (own) return `lock ${name} was released by ${run}${when}`
  if (by === runId) return `lock ${name} is held by another process that was given the same run id, ${run}`
  if (by && at) return `lock ${name} was taken over from ${run} by ${printable(by, 128)}${when}${why}`
  if (by) return `lock ${name} is held by ${printable(by, 128)}, not by ${run}`
  return at
    ? `lock ${name} was taken from ${run}${when}${why}, and nobody holds it now`
    : `lock ${name} is held neither by ${run} nor by another run`
}
