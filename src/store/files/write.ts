/** Writing all of something: a system call may take only some of the bytes. */
import type { Stats } from 'node:fs'
import { WrkError } from '../../core/errors.ts'
import type { Disk } from './disk.ts'

/**
 * @param path what is written, for people
 * @param at the place in the file of the first byte
 * @throws WrkError IO when the disk takes no more bytes; system errors pass
 */
export function writeAll(disk: Disk, fd: number, bytes: Buffer, path: string, at = 0): void {
  for (let done = 0; done < bytes.length; ) {
    const written = disk.writeSync(fd, bytes, done, bytes.length - done, at + done)
    if (written === 0) throw new WrkError('IO', `${path} could not be written: the disk takes no more bytes`)
    done += written
  }
}

/**
 * Fills an empty file, and looks whether all of it arrived.
 * @returns the file as it is then
 * @throws WrkError IO when not all arrived; system errors pass
 */
export function fill(disk: Disk, fd: number, bytes: Buffer, path: string): Stats {
  writeAll(disk, fd, bytes, path)
  const stat = disk.fstatSync(fd)
  if (stat.size === bytes.length) return stat
  throw new WrkError('IO', `${path} could not be written: ${stat.size} of ${bytes.length} bytes arrived`)
}
