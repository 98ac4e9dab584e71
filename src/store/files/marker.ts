/** Notes: small files of JSON in `.wrk`, for whoever comes next. */

import { MISSING, unless } from '../../core/errno.ts'
import type { Disk } from './disk.ts'
import { readPlainFile } from './guarded-file.ts'
import { writeAll } from './write.ts'

/** Null without one, or for an incomplete one: its writer died before it did what the note announces. */
export function readMarker<T>(disk: Disk, path: string): T | null {
  return readDatedMarker<T>(disk, path)?.note ?? null
}

/** The same, and when it was written. */
export function readDatedMarker<T>(disk: Disk, path: string): { note: T; modified: Date } | null {
  const file = unless(MISSING, null, () => readPlainFile(disk, path))
  try {
    return file && { note: JSON.parse(file.bytes.toString('utf8')) as T, modified: file.modified }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/**
 * Writes a note, which is not synced; one that cannot be written whole is removed.
 * @param flags `w`, or `wx` for a name that only this call uses
 */
export function writeMarker(disk: Disk, path: string, note: unknown, flags: 'w' | 'wx'): void {
  const fd = disk.openSync(path, flags, 0o600)
  try {
    writeAll(disk, fd, Buffer.from(JSON.stringify(note)), path)
  } catch (error) {
    removeMarker(disk, path)
    throw error
  } finally {
    disk.closeSync(fd)
  }
}

export function removeMarker(disk: Disk, path: string): void {
  unless(MISSING, undefined, () => disk.unlinkSync(path))
}
