/**
 * Setting an unreadable record aside, when a person asks for it: from then on the file says who holds the item. The old
 * one keeps a name in `.wrk`, and an empty record takes its place by the guard's fenced rename, so that a call that was
 * stopped for long cannot take away a record that was written since.
 */
import { join } from 'node:path'
import { codeOf, unless } from '../../core/errno.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { stamp } from '../../core/time.ts'
import { type GuardHost, withGuard } from '../files/guard.ts'
import { publish } from '../files/guarded-file.ts'
import { readRecord } from './record-file.ts'

/**
 * @returns where it is kept; null when it can be read after all
 * @throws WrkError BUSY; system errors pass: nothing was changed then
 */
export function setRecordAside(
  host: GuardHost,
  stateDir: string,
  key: ItemKey,
  now: Date,
): Promise<string | null> {
  const { disk } = host
  return withGuard(
    host,
    stateDir,
    key,
    guard => {
      const { path, reading } = readRecord(disk, stateDir, key)
      if (reading.kind !== 'unreadable') return null
      const base = join(stateDir, `claims.unreadable-${key}-${stamp(now).replace(/[-:]/g, '')}`)
      for (let i = 1; ; i++) {
        const aside = i === 1 ? base : `${base}-${i}`
        const kept = unless(['EEXIST', 'ENOTEMPTY'], null, (): 'linked' | 'moved' | null => {
          try {
            disk.linkSync(path, aside)
            return 'linked'
          } catch (error) {
            // A folder in its place has no second name, and no call of wrk replaces it.
            if (codeOf(error) !== 'EPERM' || !disk.lstatSync(path).isDirectory()) throw error
            disk.renameSync(path, aside)
            return 'moved'
          }
        })
        if (kept === null) continue
        // An empty record says nothing.
        if (kept === 'linked')
          publish(disk, guard, {
            bytes: Buffer.alloc(0),
            from: 'any',
            path,
            durable: true,
            conflicts: stateDir,
          })
        return aside
      }
    },
    1,
  )
}
