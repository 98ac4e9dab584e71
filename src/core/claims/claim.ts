/**
 * Decides who may hold an item (contract, section 5). Pure: the caller reads the lock inside the
 * guard, passes `now`, and publishes whatever comes back. Nothing here trusts an earlier read.
 */
import type { Liveness } from '../sessions/liveness.ts'
import { type Lock, latestSign, lockedSince } from './lock.ts'

export interface ClaimRequest {
  /** Who asks: `SESSION` or `SESSION/NAME`. */
  holder: string
  ttlMs: number
  /** `dead-only`: a provably living session keeps its items whatever their age. */
  takeover: 'ttl' | 'dead-only'
  /** The reason given with --force, or null. */
  force: string | null
  /** The run that asks; one of the same holder that is at work is then in its way. */
  runId?: string | null
}

/** What is known of a present lock, gathered inside the guard. */
export interface HeldLock {
  lock: Lock
  liveness: Liveness
  /** As `countedSign` gave it. */
  heartbeat: Date | null
  fileModified: Date
  /** A run of the holder that may still be at work on the item. */
  liveRun?: string | null
  /** The record holds it, and git or an editor removed the lock from the file. */
  takenOut?: boolean
  /** The claim was cut short before the file showed it. */
  isUnshown?: boolean
  /** A lock in the file that wrk did not write, and that does not count while this holder may live. */
  foreign?: Lock | null
}

export type ClaimDecision =
  | { kind: 'granted' }
  | { kind: 'renewed' }
  | { kind: 'takenOver'; because: 'dead' | 'ttl' | 'forced'; reason: string }
  | { kind: 'held' }

/** @param held null when the item has no lock */
export function decideClaim(held: HeldLock | null, request: ClaimRequest, now: Date): ClaimDecision {
  if (!held) return { kind: 'granted' }
  if (held.lock.by === request.holder) {
    const other = request.runId && held.liveRun && held.liveRun !== request.runId
    return other ? { kind: 'held' } : { kind: 'renewed' }
  }

  // Doubt is never death: only proof or the TTL frees another session's item.
  if (held.liveness.verdict === 'dead')
    return { kind: 'takenOver', because: 'dead', reason: `its holder is dead (${held.liveness.reason})` }
  const keeps = request.takeover === 'dead-only' && held.liveness.verdict === 'alive'
  const age = now.getTime() - lastSign(held, now).getTime()
  if (!keeps && age >= request.ttlMs)
    return {
      kind: 'takenOver',
      because: 'ttl',
      reason: 'its holder was silent for longer than the TTL',
    }
  if (request.force !== null)
    return { kind: 'takenOver', because: 'forced', reason: `forced: ${request.force}` }
  return { kind: 'held' }
}

/** When the lock was taken, as far as is known. */
export function heldSince(held: HeldLock, now: Date): Date {
  return lockedSince(held.lock, held.fileModified, now)
}

/** When the lock expires if its holder stays silent. */
export function expiresAt(held: HeldLock, ttlMs: number, now: Date): Date {
  return new Date(lastSign(held, now).getTime() + ttlMs)
}

function lastSign(held: HeldLock, now: Date): Date {
  const since = heldSince(held, now)
  return latestSign([since, held.heartbeat]) ?? since
}

/** Whether a claim would take the lock over by its age; for readers. */
export function isStale(held: HeldLock, ttlMs: number, takeover: 'ttl' | 'dead-only', now: Date): boolean {
  const decision = decideClaim(held, { holder: '', ttlMs, takeover, force: null }, now)
  return decision.kind === 'takenOver' && decision.because === 'ttl'
}

export type ReleaseDecision =
  | { kind: 'released' }
  | { kind: 'forced'; reason: string }
  | { kind: 'notLocked' }
  | { kind: 'heldByOther' }
  | { kind: 'otherRun'; runId: string | null }

export interface ReleaseRequest {
  holder: string | null
  /** The run that wants to release; null when none is named. */
  runId: string | null
  force: string | null
}

/**
 * Release is compare-and-swap: only the holder releases, and only the run that claimed where one is named.
 * @param claimedRun the run recorded with the claim, null when none
 */
export function decideRelease(
  lock: Lock | null,
  claimedRun: string | null,
  request: ReleaseRequest,
): ReleaseDecision {
  if (!lock) return { kind: 'notLocked' }
  if (lock.by !== request.holder)
    return request.force === null ? { kind: 'heldByOther' } : { kind: 'forced', reason: request.force }
  if (request.runId !== null && request.runId !== claimedRun && request.force === null)
    return { kind: 'otherRun', runId: claimedRun }
  return { kind: 'released' }
}
