/**
 * Where session locks are: `STATE/ops/locks/NAME.lock`. STATE is what somebody named, and a link there is
 * followed; below it none is.
 *
 * Their guards and events live in STATE itself when that is a `.wrk` folder, else in `STATE/.wrk`. That depends
 * on STATE alone, so that all who share a lock share its guard, wherever they were called.
 */
import { realpathSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { isLockName } from '../../core/locks/session-lock.ts'
import type { Disk } from '../files/disk.ts'
import { lookAt } from '../files/look.ts'

const ENDING = '.lock'

export interface LockFolder {
  /** The real path of STATE. */
  state: string
  /** `STATE/ops/locks`. */
  path: string
  /** Where guards and the event log live. */
  stateDir: string
}

export interface LockPlace extends LockFolder {
  name: string
  /** The lock's file. */
  file: string
}

export function lockFolder(stateFolder: string): LockFolder {
  const named = resolve(stateFolder)
  const state = unless(MISSING, named, () => realpathSync.native(named))
  const stateDir = basename(state) === '.wrk' ? state : join(state, '.wrk')
  return { state, path: join(state, 'ops', 'locks'), stateDir }
}

/** @param name checked: it becomes a file name */
export function lockPlace(folder: LockFolder, name: string): LockPlace {
  return { ...folder, name, file: join(folder.path, `${name}${ENDING}`) }
}

/**
 * Whether there is a folder of locks.
 * @throws WrkError IO when a link or a file is in its place, or in that of a folder above it or of the guards
 */
export function hasLockFolder(disk: Disk, { state, path, stateDir }: LockFolder): boolean {
  if (stateDir !== state) isRealFolder(disk, stateDir)
  return isRealFolder(disk, join(state, 'ops')) && isRealFolder(disk, path)
}

function isRealFolder(disk: Disk, path: string): boolean {
  const stat = lookAt(disk, path)
  if (!stat || stat.isDirectory()) return stat !== null
  const what = stat.isSymbolicLink() ? 'a symbolic link' : 'not a folder'
  throw new WrkError('IO', `${path} is ${what}; locks are kept in a folder of their own`, {
    hint: 'Move it away, or name another folder: --state-dir DIR',
  })
}

/** Makes the folder of locks. @returns the folder by its real path @throws WrkError IO */
export function makeLockFolder(disk: Disk, folder: LockFolder): LockFolder {
  if (hasLockFolder(disk, folder)) return folder
  disk.mkdirSync(folder.state, { recursive: true })
  const made = lockFolder(folder.state)
  for (const path of [join(made.state, 'ops'), made.path])
    unless(['EEXIST'], undefined, () => disk.mkdirSync(path))
  hasLockFolder(disk, made)
  return made
}

/** The names of all lock files. */
export function lockNames(disk: Disk, folder: LockFolder): string[] {
  if (!hasLockFolder(disk, folder)) return []
  return unless(MISSING, [], () => disk.readdirSync(folder.path))
    .filter(file => file.endsWith(ENDING))
    .map(file => file.slice(0, -ENDING.length))
    .filter(isLockName)
    .sort()
}
