/** Which file a change was made on: git gives another even if its content is the same again. */
import type { BigIntStats } from 'node:fs'
import type { ItemRecord } from '../../core/claims/record.ts'
import { MISSING, unless } from '../../core/errno.ts'
import type { Disk } from '../files/disk.ts'

/** Enough to know the file again. */
export function markOf({ stat }: { stat: Pick<BigIntStats, 'ino' | 'mtimeNs' | 'size'> }): string {
  return [stat.ino, stat.mtimeNs, stat.size].join('.')
}

/** Whether the file is the one that the item's claim was made on: the claim was cut short before the file showed it. */
export function isUnshown(disk: Disk, path: string, { state, madeOn }: ItemRecord): boolean {
  if (state !== 'held' || madeOn === null) return false
  const stat = unless(MISSING, null, () => disk.lstatSync(path, { bigint: true }))
  return stat !== null && markOf({ stat }) === madeOn
}
