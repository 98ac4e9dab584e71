/** A look at what lies at a path. */
import type { Stats } from 'node:fs'
import type { Disk } from './disk.ts'
import { MISSING, unless } from './errno.ts'

/** Of a link, the link itself; null when nothing is there. */
export function lookAt(disk: Disk, path: string): Stats | null {
  return unless(MISSING, null, () => disk.lstatSync(path))
}

export function isThere(disk: Disk, path: string): boolean {
  return lookAt(disk, path) !== null
}
