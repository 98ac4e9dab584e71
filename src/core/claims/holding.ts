/**
 * Who holds an item, by its record and its file (contract, section 5): the one answer for everybody who asks. Pure.
 * Times are never compared here: whole seconds and skewed clocks decide nothing.
 */
import type { Lock } from './lock.ts'
import { hasShown, type ItemRecord, lockOf } from './record.ts'

export interface Holding {
  /** The lock that counts, before anybody is judged; null: the item is free. */
  lock: Lock | null
  /** Whether that lock is the record's; else the file's alone. */
  byRecord: boolean
  /** A lock in the file that wrk never wrote. It counts in place of the record's once that holder is dead or silent. */
  foreign: Lock | null
  /** The record's holder is not the one that the file names: git or an editor rewrote the file. */
  takenOut: boolean
}

/**
 * @param inFile the lock that the frontmatter shows
 * @param record null for an item that has none
 */
export function holdingOf(inFile: Lock | null, record: ItemRecord | null): Holding {
  if (!record) return { lock: inFile, byRecord: false, foreign: null, takenOut: false }
  const isHeld = record.state === 'held'
  if (isHeld && inFile?.by === record.holder)
    return { lock: lockOf(record), byRecord: true, foreign: null, takenOut: false }
  const foreign = inFile !== null && !hasShown(record, inFile) ? inFile : null
  return isHeld
    ? { lock: lockOf(record), byRecord: true, foreign, takenOut: true }
    : { lock: foreign, byRecord: false, foreign: null, takenOut: false }
}
