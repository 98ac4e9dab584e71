/**
 * The one way to put a file in place that no guard protects: agents' settings, receipts, git hooks, what `wrk init`
 * makes. Items, the registry and locks go through the guard (guarded-file.ts) and never through here.
 *
 * Guarantees: the old file stays until the new one is there as a whole; a link in the file's place is replaced, not
 * followed; an owner that cannot be kept is an error.
 * Does not guarantee: which of two writers comes last. `confirm` makes the gap small, not none.
 *
 * write-file-atomic does the writing, beside the file and under a name that shows its process and that nobody can guess: by itself it would put a
 * file in place that a full disk has cut short, follow a link, and give its temporary file the same name in two
 * containers. So it never gets the file's own name, and what it wrote is looked at before it is put in place.
 */
import { dirname, join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { Disk } from './disk.ts'
import type { GuardHost } from './guard.ts'
import { isOwnerDead, ownName } from './guard-owner.ts'
import { syncFolder } from './guarded-file.ts'
import { isThere, lookAt } from './look.ts'
import { notOurs } from './owner.ts'

/** A process that makes files, and can tell whether others are gone. */
export type DraftMaker = Pick<GuardHost, 'self' | 'look' | 'randomLetters'>

interface Owner {
  uid: number
  gid: number
}

interface Staging {
  /** Who makes it: its draft bears the name of this process, and goes with the next file of that folder if it dies. */
  by: DraftMaker
  /** The new file's mode; without one, what any program would give it. */
  mode?: number | undefined
  /** Wait until the disk has it. */
  durable?: boolean
}

interface Replacement extends Staging {
  /** Keep mode and owner of the file that is there. */
  keep?: boolean
  /** Called last before the file is put in place; throws to leave the old one. */
  confirm?: () => void
}

/** @throws WrkError IO when not all bytes arrived or the owner cannot be kept; system errors pass */
export function replaceFile(
  disk: Disk,
  path: string,
  bytes: Buffer,
  { by, mode, durable = true, keep = false, confirm }: Replacement,
): void {
  const there = keep ? lookAt(disk, path) : null
  const old = there?.isFile() ? there : null
  const how = { by, mode: old ? old.mode & 0o7777 : mode, durable }
  const staged = stage(disk, dirname(path), path, bytes, how, old)
  try {
    confirm?.()
    disk.renameSync(staged, path)
  } catch (error) {
    unless(MISSING, undefined, () => disk.unlinkSync(staged))
    throw error
  }
  if (durable) syncFolder(disk, dirname(path))
}

/**
 * Makes a file by a link, which does not replace what is there.
 * @param staging a folder on the same file system, where the file is written first
 * @returns false when something was there, which stays
 * @throws as replaceFile
 */
export function createFile(disk: Disk, staging: string, path: string, bytes: Buffer, how: Staging): boolean {
  if (isThere(disk, path)) return false
  const staged = stage(disk, staging, path, bytes, how, null)
  try {
    return unless(['EEXIST'], false, () => {
      disk.linkSync(staged, path)
      return true
    })
  } finally {
    unless(MISSING, undefined, () => disk.unlinkSync(staged))
  }
}

/** @param path where it is to go, for messages */
function stage(
  disk: Disk,
  folder: string,
  path: string,
  bytes: Buffer,
  { by, mode, durable = true }: Staging,
  old: Owner | null,
): string {
  sweepDraftsBeside(disk, folder, by)
  const staged = join(folder, `${DRAFT}${ownName(by)}`)
  if (isThere(disk, staged))
    throw new WrkError('IO', `${staged} is in the way`, { hint: 'Run the command again.' })
  const owner = old ?? ownerByFolder(disk, folder)
  try {
    writeFileAtomic(staged, bytes, {
      fsync: durable,
      ...(mode === undefined ? {} : { mode }),
      ...(owner ? { chown: { uid: owner.uid, gid: owner.gid } } : {}),
    })
    const { size, uid, gid } = disk.lstatSync(staged)
    if (size !== bytes.length)
      throw new WrkError('IO', `${path} could not be written: ${size} of ${bytes.length} bytes arrived`)
    if (old && (old.uid !== uid || old.gid !== gid)) throw notOurs(path, old, process.geteuid?.())
  } catch (error) {
    unless(MISSING, undefined, () => disk.unlinkSync(staged))
    throw error
  }
  return staged
}

/** A draft beside the file that it is to become. */
const DRAFT = '.wrk-draft.'

/** Removes what processes left in a folder that were killed while they wrote a file there. */
function sweepDraftsBeside(disk: Disk, folder: string, by: DraftMaker): void {
  const names = unless([...MISSING, 'EACCES', 'EPERM'], [], () => disk.readdirSync(folder))
  for (const name of names)
    if (name.startsWith(DRAFT) && isOwnerDead(by, name.slice(DRAFT.length)))
      unless([...MISSING, 'EACCES', 'EPERM', 'EROFS'], undefined, () => disk.unlinkSync(join(folder, name)))
}

/** What root makes belongs to whom its folder belongs to (disk.ts says why). */
function ownerByFolder(disk: Disk, folder: string): Owner | null {
  const stat = process.geteuid?.() === 0 ? lookAt(disk, folder) : null
  return stat && stat.uid !== 0 ? stat : null
}
