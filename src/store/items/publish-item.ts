/**
 * Publishing a change of an item: its record and its file, two fenced renames under one guard (see guard.ts).
 *
 * Guarantees: a claim is its record, which comes first and is durable before the answer; the lock lines in the file show
 * it and may follow later. Whatever gives an item up, or changes only its fields, writes the file first, since a status
 * is in the file alone, and is noted in `.wrk/outbox` before: a crash between the two is completed by whoever holds the
 * guard next. What happened is known by inode numbers and revisions, never by the file's content, which git may replace
 * at any moment.
 * Does not guarantee: the lock lines in a file that another program changes in the same instant. The holder's next
 * change of the item writes them.
 */
import { dirname } from 'node:path'
import { type ItemRecord, recordText } from '../../core/claims/record.ts'
import { isFailure, MISSING, unless } from '../../core/errno.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { RecordFile } from '../claims/record-file.ts'
import { removeSessionClaim, type SessionClaim, writeSessionClaim } from '../claims/session-claims.ts'
import type { Disk } from '../files/disk.ts'
import { type HeldGuard, StartOver } from '../files/guard.ts'
import {
  fillSlot,
  finish,
  isUnchanged,
  type Publication,
  type Published,
  renameSlot,
  syncFolder,
} from '../files/guarded-file.ts'
import { lookAt } from '../files/look.ts'
import { removeMarker } from '../files/marker.ts'
import type { PendingEvent } from '../log/event-log.ts'
import { type Unlogged, writeIntentFile } from '../log/outbox.ts'
import { markOf } from './file-mark.ts'

export interface ItemPublication {
  key: ItemKey
  record: RecordFile
  next: ItemRecord
  /** The item's new content; null when only the record changes. */
  item: Publication | null
  order: 'record-first' | 'item-first'
  /** Whether the change is more than lock lines, which may follow later. */
  needsItem: boolean
  event: PendingEvent | null
  /** The entry of a claim that is taken, and its session. */
  takes?: { session: string; claim: SessionClaim } | undefined
  /** The session that releases its own claim. */
  gives?: string | undefined
}

/** Everything that shows whether a change happened, and what is needed to complete it. */
export interface Intent {
  events: PendingEvent[]
  /** The inode that becomes the record; of a new item, the item itself. */
  inode: number
  change?: {
    order: ItemPublication['order']
    baseRev: number
    /** The text of the new record. */
    record: string
    item: { inode: number; old: string | null } | null
    takes: string | null
    gives: string | null
  }
}

export interface ItemPublished {
  item: Published | null
  toLog: readonly Unlogged[]
  /** The record is to be completed: the guard was taken away between the two renames. */
  isHalf: boolean
  /** The claim is made, but the file does not show it yet. */
  showsLater: boolean
}

/**
 * @param unlogged as resolveIntents gave them
 * @throws StartOver when the guard was taken away or the item is not what the decision was made on; system errors:
 *   nothing was published then
 */
export function publishItem(
  disk: Disk,
  stateDir: string,
  guard: HeldGuard,
  unlogged: readonly Unlogged[],
  change: ItemPublication,
): ItemPublished {
  const { record, next, item, order, takes } = change
  const conflicts = item?.conflicts ?? stateDir
  if (record.inode === null) unless(['EEXIST'], undefined, () => disk.mkdirSync(dirname(record.path)))
  const bytes = Buffer.from(recordText(next))
  const open: number[] = []
  const fillOne = (slot: string, publication: Publication) => {
    const { fd, stat } = fillSlot(disk, slot, publication)
    open.push(fd)
    const { from, path } = publication
    if (typeof from === 'object' && Number(from.stat.dev) !== stat.dev) throw otherFileSystem(slot, path)
    return stat.ino
  }
  try {
    const recordInode = fillOne(guard.slot, {
      bytes,
      from: 'any',
      path: record.path,
      durable: true,
      conflicts,
    })
    const itemInode = item && fillOne(guard.second!, item)
    const { intent, path, events, left } = noteIntent(
      disk,
      stateDir,
      guard,
      unlogged,
      change,
      recordInode,
      itemInode,
    )
    try {
      if (item && !isUnchanged(disk, item)) throw new StartOver()
      if (takes) writeSessionClaim(disk, stateDir, takes.session, takes.claim)
      const published =
        order === 'record-first'
          ? recordFirst(disk, guard, change, recordInode)
          : itemFirst(disk, guard, change)
      const toLog = published.isHalf ? unlogged : [...unlogged, { path, events, left }]
      if (!published.isHalf) removeGiven(disk, stateDir, change.key, intent)
      return { ...published, toLog }
    } catch (error) {
      // Nothing of it happened; else whoever comes next logs it, and completes it.
      if (guard.published.size === 0) {
        removeMarker(disk, path)
        if (takes && !isHeldBefore(change)) removeSessionClaim(disk, stateDir, takes.session, change.key)
      }
      throw error
    }
  } finally {
    for (const fd of open) disk.closeSync(fd)
  }
}

/** What the rename of the item would say, before the record is published. */
function otherFileSystem(slot: string, path: string): Error {
  const facts = { code: 'EXDEV', syscall: 'rename', path: slot, dest: path }
  return Object.assign(
    new Error(`EXDEV: cross-device link not permitted, rename '${slot}' -> '${path}'`),
    facts,
  )
}

/** A renewal writes the entry again; it must outlive the renewal's failure. */
function isHeldBefore({ record: { reading }, next }: ItemPublication): boolean {
  return reading.kind === 'record' && reading.record.state === 'held' && reading.record.holder === next.holder
}

function noteIntent(
  disk: Disk,
  stateDir: string,
  guard: HeldGuard,
  unlogged: readonly Unlogged[],
  { key, next, item, order, event, takes, gives }: ItemPublication,
  inode: number,
  itemInode: number | null,
) {
  const old = unlogged.flatMap(one => one.events)
  // A change that was made in two attempts is one.
  const isNew = event !== null && old.every(({ tx }) => tx !== event.tx)
  const events = isNew ? [...old, event] : old
  const intent: Intent = {
    events,
    inode,
    change: {
      order,
      baseRev: next.rev - 1,
      record: recordText(next),
      item: item && { inode: itemInode!, old: typeof item.from === 'object' ? markOf(item.from) : null },
      takes: takes?.session ?? null,
      gives: gives ?? null,
    },
  }
  return { intent, events, left: old.length, path: writeIntentFile(disk, stateDir, key, intent, guard) }
}

type Halves = Omit<ItemPublished, 'toLog'>

function recordFirst(
  disk: Disk,
  guard: HeldGuard,
  { record, item, needsItem }: ItemPublication,
  inode: number,
): Halves {
  renameSlot(disk, guard, guard.slot, record.path)
  // The claim has been made: that the disk may not have it yet is a warning.
  const failure = failureOf(() => syncFolder(disk, dirname(record.path)))
  if (!item) return { item: failure && { conflict: null, failure }, isHalf: false, showsLater: false }
  try {
    if (!isUnchanged(disk, item)) throw new StartOver()
    renameSlot(disk, guard, guard.second!, item.path)
  } catch (error) {
    if (!(error instanceof StartOver)) throw error
    // Changed, absent, or the guard was taken away. Once the slot is gone, nothing of this call can come late.
    unless(MISSING, undefined, () => disk.unlinkSync(guard.second!))
    const isOurs = lookAt(disk, record.path)?.ino === inode
    if (needsItem || !isOurs) throw error
    return { item: failure && { conflict: null, failure }, isHalf: false, showsLater: true }
  }
  // The lines show a record that is durable; if the disk loses them, the holder's next change writes them again.
  const published = finish(disk, { ...item, durable: false })
  return { item: { ...published, failure: published.failure ?? failure }, isHalf: false, showsLater: false }
}

/** What failed, where that is no reason to fail. */
function failureOf(act: () => void): Error | null {
  try {
    act()
    return null
  } catch (error) {
    if (!isFailure(error)) throw error
    return error
  }
}

function itemFirst(disk: Disk, guard: HeldGuard, { record, item }: ItemPublication): Halves {
  if (item) renameSlot(disk, guard, guard.second!, item.path)
  const published = item && finish(disk, item)
  try {
    renameSlot(disk, guard, guard.slot, record.path)
  } catch (error) {
    if (!item || !(error instanceof StartOver || isFailure(error))) throw error
    // The file says it already, and the intent has the record be completed.
    return { item: published, isHalf: true, showsLater: false }
  }
  const failure = failureOf(() => syncFolder(disk, dirname(record.path)))
  const both = { conflict: published?.conflict ?? null, failure: published?.failure ?? failure }
  return { item: both, isHalf: false, showsLater: false }
}

/** Removes the claim's entry of the session that releases it, once that has happened. */
export function removeGiven(disk: Disk, stateDir: string, key: ItemKey, { change }: Intent): void {
  if (change?.gives) removeSessionClaim(disk, stateDir, change.gives, key)
}
