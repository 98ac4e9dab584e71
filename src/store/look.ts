/** A look at what lies at a path. */
import type { Stats } from 'node:fs'
import type { Disk } from './disk.ts'
import { isMissing } from './errno.ts'

/** Of a link, the link itself; null when nothing is there. */
export function lookAt(disk: Disk, path: string): Stats | null {
  // Without a closure: it is done for thousands of items at a time.
  try {
    return disk.lstatSync(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

export function isThere(disk: Disk, path: string): boolean {
  return lookAt(disk, path) !== null
}
