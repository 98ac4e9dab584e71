/**
 * The lock as an item's frontmatter holds it: `locked_by` and `locked_at`.
 * "Unreadable" is a result of its own, never "free" (a list or a map where a name should be).
 */
import type { YamlPair } from '../../markdown/node.ts'
import { scalarText } from '../../markdown/scalar.ts'
import { parseInstant } from '../time.ts'

export interface Lock {
  /** The holder as written: a session id, or `SESSION/NAME` for a helper within a session. */
  by: string
  /** When it was taken; null when missing or unreadable (then the file's modification time is used). */
  at: Date | null
}

export type LockReading =
  | { kind: 'free' }
  | { kind: 'held'; lock: Lock }
  | { kind: 'unreadable'; pair: YamlPair }

const FREE: LockReading = { kind: 'free' }

/** Reads the lock from an item's two fields. */
export function readLock(by: YamlPair | undefined, at: YamlPair | undefined): LockReading {
  if (by && by.value.kind !== 'scalar') return { kind: 'unreadable', pair: by }
  if (at && at.value.kind !== 'scalar') return { kind: 'unreadable', pair: at }
  const holder = scalarText(by?.value)
  if (!holder) return FREE
  const since = scalarText(at?.value)
  return { kind: 'held', lock: { by: holder, at: since ? parseInstant(since) : null } }
}

/** A `locked_at` further ahead than this is a wrong clock, not a young lock (contract, section 5). */
const CLOCK_SKEW_MS = 5 * 60_000

/**
 * The instant that a heartbeat counts from: what it says, or when its file was written, where that is further ahead
 * than clocks differ. So a clock that is wrong, the writer's or the reader's, neither makes a lock immortal nor takes
 * back that its holder was there.
 * @param written when the file that holds the sign was last written; null where that is not known
 */
export function countedSign(sign: Date | null, written: Date | null, now: Date): Date | null {
  return sign === null || isCredible(sign, now) ? sign : written
}

/** The instant a lock counts from: `locked_at`, or the file's modification time where that is no use. */
export function lockedSince(lock: Lock, fileModified: Date, now: Date): Date {
  return countedSign(lock.at, fileModified, now) ?? fileModified
}

/** The latest of these; null without any. */
export function latestSign(signs: readonly (Date | null)[]): Date | null {
  return signs.reduce((latest, sign) => (sign && (!latest || sign > latest) ? sign : latest), null)
}

function isCredible(sign: Date, now: Date): boolean {
  return sign.getTime() <= now.getTime() + CLOCK_SKEW_MS
}

/**
 * What a holder writes down as its heartbeat: now, but a clock that is behind another does not take back what that
 * has said. One that is further ahead than clocks differ goes.
 */
export function nextSign(last: Date | null, now: Date): Date {
  return last && last > now && isCredible(last, now) ? last : now
}
