/**
 * One file's read-modify-write under a guard, and the bounded, link-refusing read that it begins with.
 *
 * Guarantees: what is published is complete (size checked, synced), keeps mode and owner, and replaces
 * exactly the content that the decision was made on; a change by a program that does not know the guard
 * is noticed and the decision made again.
 * Does not guarantee: that nothing can be written between the last look and the rename. A write into the
 * file in that instant is kept under `.wrk/conflicts/` and reported; a file put in its place by rename in
 * that instant is lost. Hard links, ACLs and extended attributes do not survive.
 */
import { type BigIntStats, constants, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, isFailure, MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { Disk } from './disk.ts'
import { type HeldGuard, leaveGuard, StartOver } from './guard.ts'
import { lookAt } from './look.ts'
import { notOurs } from './owner.ts'
import { fill, writeAll } from './write.ts'

/** Larger files are no work items; reading them whole would only cost memory. */
export const LARGEST_FILE = 8 * 1024 * 1024

export interface FileContent {
  path: string
  bytes: Buffer
  modified: Date
}

export interface OpenFile extends FileContent {
  fd: number
  /** As it was when the bytes were read. */
  stat: BigIntStats
}

/** Opens what must be a regular file: links are not followed, and a fifo or device does not block. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export function openPlain(disk: Disk, path: string): number {
  return disk.openSync(path, READ_FLAGS)
}

/**
 * Reads a whole file and leaves it open; close `fd` afterwards.
 * @throws WrkError INVALID_ITEM when it is no plain file or larger than LARGEST_FILE; system errors pass
 */
export function readOpen(disk: Disk, path: string): OpenFile {
  const fd = openPlain(disk, path)
  try {
    const stat = disk.fstatSync(fd, { bigint: true })
    if (!stat.isFile()) throw notAFile(path)
    if (stat.size > LARGEST_FILE) throw tooLarge(path, Number(stat.size))
    return { path, fd, stat, bytes: readAll(disk, fd, Number(stat.size)), modified: stat.mtime }
  } catch (error) {
    disk.closeSync(fd)
    throw error
  }
}

/** Reads a whole plain file. */
export function readPlainFile(disk: Disk, path: string): FileContent {
  const { fd, ...content } = readOpen(disk, path)
  disk.closeSync(fd)
  return content
}

function readAll(disk: Disk, fd: number, size: number): Buffer {
  // One byte more than promised, so that a file that grew meanwhile is read to its end.
  let buffer = Buffer.allocUnsafe(size + 1)
  let length = 0
  for (;;) {
    const read = disk.readSync(fd, buffer, length, buffer.length - length, length)
    if (read === 0) return buffer.subarray(0, length)
    length += read
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)])
  }
}

function notAFile(path: string): WrkError {
  return new WrkError('INVALID_ITEM', `${path} is not a regular file`, {
    hint: 'Move it out of the queue: an item must be a markdown file.',
  })
}

function tooLarge(path: string, size: number): WrkError {
  return new WrkError(
    'INVALID_ITEM',
    `${path} is too large for a work item (${Math.round(size / 1048576)} MB)`,
    {
      hint: `Work items may have up to ${LARGEST_FILE / 1048576} MB; move attachments to files of their own.`,
    },
  )
}

export interface Publication {
  /** The bytes to write. */
  bytes: Buffer
  /** What the decision was made on: the open file, or that there was none; `any` where only guard holders write. */
  from: OpenFile | 'absent' | 'any'
  /** Where it goes. */
  path: string
  /** Wait until the disk has it. Off for what can be rebuilt. */
  durable: boolean
  /** The folder for bytes that were overwritten in the last instant. */
  conflicts: string
}

/** What happened besides: the change itself has been made. */
export interface Published {
  /** Where bytes are kept that somebody wrote in the last instant and that were overwritten. */
  conflict: string | null
  /** A failure after the rename: the disk may not have it yet. */
  failure: Error | null
}

/**
 * Steps 4 to 6 of the guard.
 * @throws StartOver when the guard was taken away or the file is not what the decision was made on;
 *   nothing was written then, and `withGuard` has it read and decided again. System errors up to the rename
 *   pass, and nothing was written then either
 */
export function publish(disk: Disk, guard: HeldGuard, publication: Publication): Published {
  return publishSlot(disk, guard, publication).published
}

/** The same, and the file as it is then: by it a later look can tell whether it is still that one. */
export function publishSlot(
  disk: Disk,
  guard: HeldGuard,
  publication: Publication,
): { published: Published; stat: Stats } {
  const { fd, stat } = fillSlot(disk, guard.slot, publication)
  disk.closeSync(fd)
  if (!isUnchanged(disk, publication)) throw new StartOver()
  renameSlot(disk, guard, guard.slot, publication.path)
  const published: Published = { conflict: null, failure: null }
  try {
    published.conflict = keepOverwritten(disk, publication)
    leaveGuard(disk, guard)
    if (publication.durable) syncFolder(disk, dirname(publication.path))
  } catch (error) {
    if (!isFailure(error)) throw error
    published.failure = error
  }
  return { published, stat }
}

/** Publishes a slot. @throws StartOver when the guard was taken away; system errors pass */
export function renameSlot(disk: Disk, guard: HeldGuard, slot: string, path: string): void {
  try {
    disk.renameSync(slot, path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new StartOver()
    throw error
  }
  guard.published.add(slot)
}

/** What is to be done after the rename. */
export function finish(disk: Disk, publication: Publication): Published {
  const published: Published = { conflict: null, failure: null }
  try {
    published.conflict = keepOverwritten(disk, publication)
    if (publication.durable) syncFolder(disk, dirname(publication.path))
  } catch (error) {
    if (!isFailure(error)) throw error
    published.failure = error
  }
  return published
}

/**
 * Writes, checks and syncs a slot.
 * @returns the open file, to be closed when all is done: while it is open, its inode number is given to no other file,
 *   not even when the slot has been revoked
 * @throws StartOver when the guard was taken away; WrkError IO, system errors: nothing was published
 */
export function fillSlot(
  disk: Disk,
  slot: string,
  { bytes, from, durable, path }: Publication,
): { fd: number; stat: Stats } {
  const fd = unless(MISSING, null, () => disk.openSync(slot, constants.O_RDWR))
  if (fd === null) throw new StartOver()
  try {
    const stat = fill(disk, fd, bytes, path)
    const { uid, gid } = stat
    const old = typeof from === 'object' ? from : null
    if (old && (Number(old.stat.uid) !== uid || Number(old.stat.gid) !== gid)) keepOwner(disk, fd, old, uid)
    disk.fchmodSync(fd, old ? Number(old.stat.mode) & 0o7777 : modeAt(disk, path))
    if (durable) disk.fsyncSync(fd)
    return { fd, stat }
  } catch (error) {
    disk.closeSync(fd)
    throw error
  }
}

/** The mode of what is there; of a new file the one that any program would give it. */
function modeAt(disk: Disk, path: string): number {
  const there = lookAt(disk, path)
  return there?.isFile() ? there.mode & 0o7777 : 0o666 & ~process.umask()
}

/** @param uid the present owner of the new file */
function keepOwner(disk: Disk, fd: number, { path, stat }: OpenFile, uid: number): void {
  if (process.platform === 'win32') return
  const kept = unless(['EPERM', 'EINVAL'], false, () => {
    disk.fchownSync(fd, Number(stat.uid), Number(stat.gid))
    return true
  })
  if (!kept) throw notOurs(path, { uid: Number(stat.uid), gid: Number(stat.gid) }, uid)
}

/** The same inode with the same bytes as when the decision was made. Programs that know no guard may write at any time. */
export function isUnchanged(disk: Disk, { from, path }: Publication): boolean {
  if (from === 'any') return true
  const now = unless(MISSING, null, () => disk.lstatSync(path, { bigint: true }))
  if (from === 'absent' || !now) return from === 'absent' && !now
  const then = from.stat
  return (
    now.ino === then.ino &&
    now.dev === then.dev &&
    now.size === BigInt(from.bytes.length) &&
    now.mtimeNs === then.mtimeNs &&
    now.mode === then.mode &&
    readAll(disk, from.fd, from.bytes.length).equals(from.bytes)
  )
}

/** Looks through the still open old file whether it was written to in the last instant. */
function keepOverwritten(disk: Disk, { from, path, conflicts }: Publication): string | null {
  if (typeof from === 'string') return null
  const last = readAll(disk, from.fd, from.bytes.length)
  if (last.equals(from.bytes)) return null
  disk.mkdirSync(conflicts, { recursive: true })
  const kept = join(conflicts, `${basename(path)}.${Date.now()}`)
  const fd = disk.openSync(kept, 'wx', 0o600)
  try {
    writeAll(disk, fd, last, kept)
  } finally {
    disk.closeSync(fd)
  }
  return kept
}

export function syncFolder(disk: Disk, folder: string): void {
  if (process.platform === 'win32') return
  const fd = disk.openSync(folder, constants.O_RDONLY)
  try {
    // Some network file systems cannot sync a folder; the rename itself has happened.
    unless(['EINVAL', 'ENOTSUP', 'EPERM'], undefined, () => disk.fsyncSync(fd))
  } finally {
    disk.closeSync(fd)
  }
}
