/** Files in `.wrk/cache`: they only save time, are written without a guard, and may be deleted. */
import { dirname, join } from 'node:path'
import { isFailure, MISSING, unless } from '../../core/errno.ts'
import type { Disk } from './disk.ts'
import { readPlainFile } from './guarded-file.ts'
import { lookAt } from './look.ts'
import { writeAll } from './write.ts'

/** How long something must have been as it is before it is kept, in ms: coarser than any file system's times. */
export const SETTLED_MS = 2_000

export function cachePath(stateDir: string, name: string): string {
  return join(stateDir, 'cache', name)
}

/** What it holds; nothing when it is not there or cannot be read, whatever the reason. */
export function readCache(disk: Disk, path: string): Buffer {
  try {
    return readPlainFile(disk, path).bytes
  } catch (error) {
    if (!isFailure(error)) throw error
    return Buffer.alloc(0)
  }
}

/** Replaces it in one step, where `.wrk` is: looking makes none. That it cannot be written is no reason to fail. */
export function writeCache(disk: Disk, path: string, bytes: Buffer): void {
  const draft = `${path}.${process.pid}`
  try {
    unless(['EEXIST'], undefined, () => disk.mkdirSync(dirname(path)))
    removeOldDrafts(disk, dirname(path))
    const fd = disk.openSync(draft, 'w', 0o600)
    try {
      writeAll(disk, fd, bytes, path)
    } finally {
      disk.closeSync(fd)
    }
    disk.renameSync(draft, path)
  } catch (error) {
    if (!isFailure(error)) throw error
    unless([...MISSING, 'EACCES', 'EROFS'], undefined, () => disk.unlinkSync(draft))
  }
}

/** What processes began that were killed while they wrote. */
function removeOldDrafts(disk: Disk, folder: string): void {
  for (const name of disk.readdirSync(folder)) {
    if (!/\.\d+$/.test(name)) continue
    const path = join(folder, name)
    const stat = lookAt(disk, path)
    if (stat && Date.now() - stat.mtimeMs > OLDEST_DRAFT_MS)
      unless(MISSING, undefined, () => disk.unlinkSync(path))
  }
}

/** Writing one takes milliseconds. */
const OLDEST_DRAFT_MS = 60_000
