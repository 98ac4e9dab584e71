/**
 * Puts one file in the place of an item's several, under its guard.
 *
 * Guarantees: nothing is written or removed unless every file is as it was when that was decided.
 */
import { dirname, join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { type NewEvent, newEvent } from '../../core/log/event.ts'
import { withGuard } from '../files/guard.ts'
import { publish, readOpen, syncFolder } from '../files/guarded-file.ts'
import { logChanges, publishLogged, type Unlogged, unloggedChanges } from '../log/outbox.ts'
import type { Store } from '../store.ts'
import { bytesOf } from './item-copies.ts'
import { makeFolder } from './places/item-move.ts'

export interface FileChange {
  /** Below `root`, with `/`; null: none stays. */
  keep: { path: string; bytes: Buffer } | null
  /** All files of the item as they were seen, by their path below `root`. */
  seen: ReadonlyMap<string, Buffer>
  event: Pick<NewEvent, 'time' | 'item' | 'reason'>
}

/**
 * @param root the queue's folder in the working tree that is changed
 * @returns false when a file is not as it was seen; then nothing was changed
 * @throws WrkError BUSY; system errors pass
 */
export async function settleFiles(
  store: Store,
  root: string,
  key: ItemKey,
  { keep, seen, event }: FileChange,
): Promise<boolean> {
  const { host, stateDir } = store
  const { disk } = host
  const at = (path: string) => join(root, ...path.split('/'))
  let toLog: readonly Unlogged[] = []
  const done = await withGuard(host, stateDir, key, guard => {
    for (const [path, bytes] of seen) if (!bytesOf(disk, at(path))?.equals(bytes)) return false
    const before = keep && seen.get(keep.path)
    if (keep && !before?.equals(keep.bytes)) {
      if (!before && bytesOf(disk, at(keep.path))) return false
      const path = at(keep.path)
      makeFolder(disk, root, keep.path.slice(0, keep.path.lastIndexOf('/')))
      const from = before ? readOpen(disk, path) : ('absent' as const)
      try {
        const unlogged = unloggedChanges(
          disk,
          stateDir,
          key,
          guard,
          from === 'absent' ? { path, stat: null } : from,
        )
        const type = before ? 'changed' : 'moved'
        const logged = { ...newEvent(event.time, type), ...event, tx: host.randomLetters(12) }
        const published = publishLogged(disk, stateDir, key, guard, unlogged, logged, () =>
          publish(disk, guard, {
            bytes: keep.bytes,
            from,
            path,
            durable: true,
            conflicts: join(stateDir, 'conflicts'),
          }),
        )
        toLog = published.toLog
      } finally {
        if (from !== 'absent') disk.closeSync(from.fd)
      }
    }
    for (const path of seen.keys())
      if (path !== keep?.path) {
        unless(MISSING, undefined, () => disk.unlinkSync(at(path)))
        syncFolder(disk, dirname(at(path)))
      }
    return true
  })
  await logChanges(host, stateDir, toLog)
  return done
}
