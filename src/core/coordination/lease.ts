/**
 * How long a claim lasts, seen from elsewhere and seen by its holder. The two never lean on one clock:
 * - Others count the time for which *they* saw the very same object, by their own monotonic clock. The holder's
 *   `renewed_at` decides only when it is older than the TTL by more than clocks can differ.
 * - The holder counts from before its last successful renewal was sent, and stops a margin before the TTL.
 * So a holder that cannot renew has stopped before anybody else may begin, as long as both machines' clocks run
 * at about the same speed. Not guaranteed: that a holder notices when its process was stopped; the fence is for that.
 */
import { parseInstant } from '../time.ts'
import type { SharedRecord } from './record.ts'

/** Clocks of two machines are taken to differ by no more than this, or a quarter of the TTL. */
const CLOCK_MARGIN_MS = 10 * 60_000

/** A moment by the monotonic clock of one start of a machine; of another start it says nothing. */
export interface Tick {
  boot: string
  ms: number
}

/** How long it is from one moment to another; null when they are of different starts of the machine. */
export function ticksBetween(from: Tick, to: Tick): number | null {
  return from.boot === to.boot && to.ms >= from.ms ? to.ms - from.ms : null
}

/** By how much more than the TTL `renewed_at` must be old before it alone lets others take over. */
export function clockMarginMs(ttlMs: number): number {
  return Math.max(CLOCK_MARGIN_MS, ttlMs / 4)
}

export type Staleness = { stale: false } | { stale: true; why: string }

/**
 * Whether the holder of a record on another machine counts as gone.
 * @param seenForMs for how long this host has seen this very object; null when it sees it for the first time
 * @param ttlMs the holder's own TTL
 */
export function judgeStaleness(
  record: Pick<SharedRecord, 'renewed_at' | 'ttl_s'>,
  seenForMs: number | null,
  now: Date,
): Staleness {
  const ttlMs = record.ttl_s * 1000
  if (seenForMs !== null && seenForMs >= ttlMs)
    return { stale: true, why: 'this machine saw no renewal for a whole TTL' }
  const renewed = parseInstant(record.renewed_at)
  if (renewed && now.getTime() - renewed.getTime() > ttlMs + clockMarginMs(ttlMs))
    return { stale: true, why: 'its last renewal is older than the TTL and any difference between clocks' }
  return { stale: false }
}

/** When the holder's time is over by its own word; once that has passed, when its word alone lets others take over. */
export function freeAt({ renewed_at, ttl_s }: Pick<SharedRecord, 'renewed_at' | 'ttl_s'>, now: Date): Date {
  const end = (parseInstant(renewed_at) ?? now).getTime() + ttl_s * 1000
  return new Date(end > now.getTime() ? end : end + clockMarginMs(ttl_s * 1000))
}

/** How long before the TTL the holder itself treats its lease as over. */
function ownMarginMs(ttlMs: number): number {
  return Math.min(ttlMs / 4, Math.max(ttlMs / 10, 30_000))
}

/**
 * How much is left of one's own lease; 0 or less when it is over.
 * @param sent when the last successful renewal was about to be sent
 * @param sinceMs the same by the wall clock, for when the machine was started again since
 */
export function ownLeaseLeftMs(ttlMs: number, sent: Tick, tick: Tick, sinceMs: number): number {
  const age = ticksBetween(sent, tick) ?? Math.max(0, sinceMs)
  return ttlMs - ownMarginMs(ttlMs) - age
}
