/** Makes new files of the user's: whole or not at all, and only where nothing is. */
import { existsSync, linkSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { unless } from '../../core/errno.ts'

/**
 * Puts a file in place by a link, which does not replace; a link of the user's in its place is not followed.
 * @param staging a folder on the same file system, where the file is written first
 * @returns false when something was there, which stays
 */
export function createFile(staging: string, path: string, text: string | Buffer, mode?: number): boolean {
  if (existsSync(path)) return false
  const staged = join(staging, `.wrk-init-${process.pid}-${Math.random().toString(36).slice(2)}`)
  const bytes = Buffer.from(text)
  try {
    writeFileAtomic(staged, bytes, mode === undefined ? {} : { mode })
    // A full disk may cut a write short without an error; see what arrived before it is put in place.
    if (!readFileSync(staged).equals(bytes))
      throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC', syscall: 'write', path })
    return unless(['EEXIST'], false, () => {
      linkSync(staged, path)
      return true
    })
  } finally {
    unless(['ENOENT'], undefined, () => unlinkSync(staged))
  }
}
