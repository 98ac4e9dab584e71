/**
 * Completing, or forgetting, a change of an item that was cut short: what publish-item.ts noted in `.wrk/outbox` before
 * it renamed anything.
 */
import { dirname } from 'node:path'
import { parseRecord } from '../../core/claims/record.ts'
import { unless } from '../../core/errno.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { RecordFile } from '../claims/record-file.ts'
import { removeSessionClaim } from '../claims/session-claims.ts'
import type { Disk } from '../files/disk.ts'
import { type HeldGuard, StartOver } from '../files/guard.ts'
import { fillSlot, type OpenFile, renameSlot } from '../files/guarded-file.ts'
import { isThere, lookAt } from '../files/look.ts'
import { readMarker, removeMarker } from '../files/marker.ts'
import { intentsOf, type Unlogged, writeIntentFile } from '../log/outbox.ts'
import { markOf } from './file-mark.ts'
import { type Intent, removeGiven } from './publish-item.ts'

/**
 * The changes of an item that were published and may not be logged; to be called under its guard, before anything is
 * decided. Completes one that was interrupted between its two renames; forgets those that did not happen: their writers
 * cannot publish any more.
 *
 * A caller that was revoked without knowing it comes here too, while another holds the guard. It must not remove
 * that one's intent: a slot that is still there distinguishes them, since in a guard that is held there is no slot but
 * the holder's own.
 * @param item the item's file as it was read; null without one
 * @throws StartOver when another holds the guard, and when something was completed
 */
export function resolveIntents(
  disk: Disk,
  stateDir: string,
  key: ItemKey,
  guard: HeldGuard,
  record: RecordFile,
  item: Pick<OpenFile, 'path' | 'stat'> | null,
): Unlogged[] {
  const found = intentsOf(disk, stateDir, key)
  // Of two, the one with its file in place happened; what the other wanted to replace is gone.
  const isDecided =
    found.length > 1 &&
    item !== null &&
    found.some(({ path }) => readMarker<Intent>(disk, path)?.change?.item?.inode === Number(item.stat.ino))
  return found.flatMap(({ path, slots }) => {
    if (slots.some(slot => isThere(disk, `${guard.dir}/${slot}`))) throw new StartOver()
    const intent = readMarker<Intent>(disk, path)
    const change = intent?.change
    const state = !intent
      ? 'not'
      : change
        ? stateOf(change, intent.inode, record, item, isDecided, disk)
        : newItem(intent, item)
    if (state === 'half') {
      complete(disk, stateDir, key, guard, record, intent!)
      throw new StartOver()
    }
    if (state === 'happened') {
      removeGiven(disk, stateDir, key, intent!)
      return [{ path, events: intent!.events, left: intent!.events.length }]
    }
    if (change?.takes && !(record.reading.kind === 'record' && record.reading.record.state === 'held'))
      removeSessionClaim(disk, stateDir, change.takes, key)
    removeMarker(disk, path)
    return []
  })
}

function newItem({ inode }: Intent, item: Pick<OpenFile, 'stat'> | null): 'happened' | 'not' {
  return item !== null && Number(item.stat.ino) === inode ? 'happened' : 'not'
}

/** Every holder of the guard asks this before it changes anything, so an inode cannot have been given away meanwhile. */
function stateOf(
  { order, baseRev, item: to }: NonNullable<Intent['change']>,
  inode: number,
  record: RecordFile,
  item: Pick<OpenFile, 'stat'> | null,
  isDecided: boolean,
  disk: Disk,
): 'happened' | 'half' | 'not' {
  if (record.inode === inode || lookAt(disk, record.path)?.ino === inode) return 'happened'
  const rev = record.reading.kind === 'record' ? record.reading.record.rev : 0
  if (order === 'record-first' || !to || record.reading.kind === 'unreadable' || rev !== baseRev) return 'not'
  if (item && Number(item.stat.ino) === to.inode) return 'half'
  // The file that the change was made on is still there: it was cut short before anything happened. Any other was put
  // there by somebody else, before or after: then what its holder wanted is done, for nobody else can do it.
  return isDecided || (item && to.old === markOf(item)) ? 'not' : 'half'
}

/** Publishes the record of a change after its item was published. */
function complete(
  disk: Disk,
  stateDir: string,
  key: ItemKey,
  guard: HeldGuard,
  record: RecordFile,
  intent: Intent,
): void {
  const text = intent.change!.record
  if (parseRecord(text).kind !== 'record') return
  const publication = { bytes: Buffer.from(text), from: 'any', path: record.path, durable: true } as const
  if (record.inode === null) unless(['EEXIST'], undefined, () => disk.mkdirSync(dirname(record.path)))
  const { fd, stat } = fillSlot(disk, guard.slot, { ...publication, conflicts: stateDir })
  try {
    // Its events are logged by whoever finds it done: this inode shows it.
    const path = writeIntentFile(disk, stateDir, key, { ...intent, inode: stat.ino }, guard)
    try {
      renameSlot(disk, guard, guard.slot, record.path)
    } catch (error) {
      removeMarker(disk, path)
      throw error
    }
  } finally {
    disk.closeSync(fd)
  }
}
