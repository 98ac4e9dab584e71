/** What is at a path. */
import type { Stats } from 'node:fs'
import { isMissing } from '../../core/errno.ts'
import type { Disk } from './disk.ts'

/** Of a link, the link itself; null when nothing is there. */
export function lookAt(disk: Disk, path: string): Stats | null {
  // Without a closure, and without an error that only says that nothing is there: it is done thousands of times.
  try {
    return disk.lstatSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

export function isThere(disk: Disk, path: string): boolean {
  return lookAt(disk, path) !== null
}

export function isFolderAt(disk: Disk, path: string): boolean {
  return lookAt(disk, path)?.isDirectory() ?? false
}

/** By its modification time against the system clock; 0 when nothing is there. */
export function ageMs(disk: Disk, path: string): number {
  const stat = lookAt(disk, path)
  return stat ? Math.max(0, Date.now() - stat.mtimeMs) : 0
}
