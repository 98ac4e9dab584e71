/**
 * What decides over claims of all clones and machines. Guarantees of every engine:
 * - compareAndSwap changes an entry only from the very revision that was read, and says `applied` only when it did.
 * - A failed read throws; it is never null, which would read as "nobody holds it".
 * - What is not known is `unknown`: the change may be in force now or a little later. Reading again settles it,
 *   and trying the very same change again is safe.
 * Not guaranteed: anything against those who may write to the engine by other ways than wrk.
 */
import type { SharedReading, SharedRecord } from '../core/coordination/record.ts'
import type { EntryKey } from '../core/coordination/ref-name.ts'
import { WrkError } from '../core/errors.ts'

export interface SharedEntry {
  key: EntryKey
  /** Names this state of the entry; no later state has the same. */
  revision: string
  reading: SharedReading
}

export interface EntryChange {
  key: EntryKey
  /** What was read; null when there was no entry. */
  expected: SharedEntry | null
  record: SharedRecord
}

export type Swap =
  | { kind: 'applied'; revision: string }
  /** Somebody else changed it first. */
  | { kind: 'conflict'; current: SharedEntry | null }
  /** The engine does not allow it; trying again is of no use. */
  | { kind: 'refused'; reason: string }
  | { kind: 'unknown'; reason: string; reachable: boolean }

export interface Engine {
  /** Names the engine in messages, without credentials: `origin`. */
  readonly where: string
  /** @throws WrkError UNREACHABLE */
  read(key: EntryKey): Promise<SharedEntry | null>
  /** What was last seen of an entry, without asking anybody; undefined when nothing was seen yet. */
  lastSeen?(key: EntryKey): Promise<SharedEntry | null | undefined>
  /** The revision that a change leads to, before it is tried. */
  revisionOf(change: EntryChange): string
  compareAndSwap(change: EntryChange): Promise<Swap>
  /** Several changes of entries that exist, in one round; each is decided by itself. */
  compareAndSwapAll(changes: readonly EntryChange[]): Promise<Swap[]>
  /** All entries of the queue. @throws WrkError UNREACHABLE */
  list(): Promise<SharedEntry[]>
  /** The entries as they were last seen, and when; null when none were. Asks nobody. */
  listLastSeen?(): Promise<{ entries: SharedEntry[]; at: Date } | null>
  /** Resolves after each change by anybody, until the signal ends it. */
  watch?(signal: AbortSignal): AsyncIterable<void>
  /** The engine's own clock. @throws WrkError UNREACHABLE */
  now?(): Promise<Date>
  /** Makes what the engine needs for this queue, where it is missing. @throws WrkError UNREACHABLE, FAILED */
  prepare(): Promise<void>
  /** Puts closed records out of the way, keeping their epochs. @returns how many */
  fold?(entries: readonly SharedEntry[]): Promise<number>
  /** Removes an entry for good: for trial records alone, since its epoch is forgotten. */
  remove(entry: SharedEntry): Promise<void>
  close(): Promise<void>
}

/** What every use of an engine that does not answer ends with (exit 69). */
export function unreachable(where: string, why: string, cause?: unknown): WrkError {
  return new WrkError('UNREACHABLE', `cannot reach ${where}: ${why}`, {
    hint: 'Nothing was changed. Try again, or look at: wrk coordination status',
    details: { engine: where },
    cause,
  })
}
