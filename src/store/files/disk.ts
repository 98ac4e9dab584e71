/**
 * The file operations that the guard and the store use. A value of this type is passed in, so that
 * a test can put a file system of its own in place of the real one and watch or break every step.
 *
 * What root makes belongs to whom its folder belongs to: one command by root (in a container, say) must not lock the
 * queue's own user out.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  type MakeDirectoryOptions,
  type Mode,
  mkdirSync,
  type OpenMode,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

const isRoot = process.geteuid?.() === 0

export const realDisk = {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync: isRoot ? (makeFolderAsRoot as typeof mkdirSync) : mkdirSync,
  openSync: isRoot ? openAsRoot : openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
}

export type Disk = typeof realDisk

function makeFolderAsRoot(path: string, options?: MakeDirectoryOptions): string | undefined {
  const first = mkdirSync(path, options)
  const top = options?.recursive ? first : path
  const made: string[] = []
  for (let folder = path; top !== undefined && folder.length >= top.length; folder = dirname(folder))
    made.unshift(folder)
  for (const folder of made) giveToOwnerOfFolder(folder)
  return first
}

function openAsRoot(path: string, flags: OpenMode, mode?: Mode | null): number {
  const fd = openSync(path, flags, mode)
  const creates = typeof flags === 'string' ? !flags.startsWith('r') : (flags & constants.O_CREAT) !== 0
  if (creates) giveToOwnerOfFolder(path, fd)
  return fd
}

/**
 * Gives away only what is root's own and is there alone: a file from elsewhere must not be by a link to it. That it
 * cannot be given, as by root in some containers, is no reason to fail: it has been made.
 * @param fd the open file; a folder is opened for it
 */
function giveToOwnerOfFolder(path: string, fd?: number): void {
  let opened: number | undefined
  try {
    const folder = lstatSync(dirname(path))
    if (folder.uid === 0 || !folder.isDirectory()) return
    opened = fd ?? openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    const stat = fstatSync(opened)
    const isAlone = (stat.isDirectory() || stat.nlink === 1) && lstatSync(path).ino === stat.ino
    if (stat.uid === 0 && isAlone) fchownSync(opened, folder.uid, folder.gid)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
  } finally {
    if (opened !== undefined && opened !== fd) closeSync(opened)
  }
}
