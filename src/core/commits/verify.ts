/**
 * Decides whether a staged change of an item may be committed, as far as locks go. Pure: what is staged, what was
 * committed before and who holds the item come in as facts.
 */
import type { Lock } from '../claims/lock.ts'

export interface StagedChange {
  /** Differs in more than the lock from every committed copy that the commit builds on. Its place counts. */
  changed: boolean
  deleted: boolean
  /** As it is staged; null when it is free, deleted or cannot be read. */
  lock: Lock | null
  /** In the copies that the commit builds on: of the last commit, and of those that a merge or a replay brings in. */
  committed: readonly [Lock | null, ...(Lock | null)[]]
}

/** The item's real state, whatever is staged. */
export interface TrueLock {
  lock: Lock | null
  /** `other`: another living session holds it. `over`: its holder is dead, or its time has run out. */
  ownership: 'free' | 'mine' | 'other' | 'over'
  /** The caller had claimed it and lost it. */
  lost: boolean
}

export type StagedVerdict =
  | 'allowed'
  /** The caller's claim was taken over: what it did to the item comes too late. */
  | 'superseded'
  /** Another living session holds the item. */
  | 'held'
  /** The staged lock is not the real one, and is not only the caller's own business. */
  | 'takes'
  | 'drops'
  | 'alters'

/** @param isMine whether a holder is the caller's session or a helper of it */
export function judgeStaged(
  change: StagedChange,
  truth: TrueLock,
  isMine: (holder: string) => boolean,
): StagedVerdict {
  if (change.changed && truth.lost) return 'superseded'
  if (change.changed && truth.ownership === 'other') return 'held'
  const verdict = judgeLock(change, truth, isMine)
  return verdict !== 'allowed' && truth.lost ? 'superseded' : verdict
}

function judgeLock(
  { deleted, lock, committed }: StagedChange,
  truth: TrueLock,
  isMine: (holder: string) => boolean,
): StagedVerdict {
  if (deleted || committed.some(one => isSameLock(one, lock))) return 'allowed'
  // In one working tree somebody commits everything: the lock as it is counts against nobody.
  if (isSameLock(lock, truth.lock)) return 'allowed'
  const [before] = committed
  const onlyMine = [before, lock].every(one => !one || isMine(one.by))
  if (onlyMine && !(lock && truth.ownership === 'other')) return 'allowed'
  if (!lock) return 'drops'
  return isMine(lock.by) ? 'takes' : 'alters'
}

function isSameLock(one: Lock | null, two: Lock | null): boolean {
  if (!one || !two) return one === two
  return one.by === two.by && one.at?.getTime() === two.at?.getTime()
}
