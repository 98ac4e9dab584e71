/**
 * Files of the workspace that are not the queue's own: instructions and settings of agents, which people and other
 * programs write to as well.
 *
 * Guarantees: they are read and written byte for byte (as latin1, one character for each byte); what is put in place
 * is whole and keeps mode and owner; a file that changed since it was read is not replaced; links lead only to places
 * within the workspace, and their target is what is written.
 * Does not guarantee: that a write in the very last instant is noticed; there is no guard that others know.
 */
import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { Disk } from './disk.ts'
import { readPlainFile, syncFolder } from './guarded-file.ts'
import { type DraftMaker, replaceFile } from './replace-file.ts'

export interface WorkspaceFile {
  /** Where it is, without links. */
  path: string
  /** Null if it does not exist. */
  text: string | null
}

/** @throws WrkError USAGE when it leads out of the workspace, or is no text that wrk can edit; system errors */
export function readWorkspaceFile(disk: Disk, workspace: string, name: string): WorkspaceFile {
  const path = resolveWithin(workspace, name)
  const file = unless(MISSING, null, () => readPlainFile(disk, path))
  const text = file ? file.bytes.toString('latin1') : null
  if (text?.includes('\0'))
    throw new WrkError('USAGE', `${path} is not UTF-8`, {
      hint: 'Save it as UTF-8, then run the command again.',
    })
  return { path, text }
}

function resolveWithin(workspace: string, name: string): string {
  const root = realpathSync.native(workspace)
  const named = join(root, name)
  const isLink = lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
  const real = isLink
    ? unless([...MISSING, 'ELOOP'], null, () => realpathSync.native(named))
    : join(realFolder(dirname(named)), basename(named))
  if (real?.startsWith(root + sep)) return real
  throw new WrkError(
    'USAGE',
    `${named} is a link ${real === null ? 'to nowhere' : `out of the workspace, to ${real}`}`,
    {
      hint: 'Replace the link by a file: wrk writes only inside the workspace.',
    },
  )
}

/** Of a folder that is not there yet: as it will be. */
function realFolder(folder: string): string {
  if (existsSync(folder)) return realpathSync.native(folder)
  return join(realFolder(dirname(folder)), basename(folder))
}

/**
 * Puts a new text in the place of what was read; null removes the file.
 * @param by who writes it
 * @throws WrkError IO when the file has changed meanwhile; system errors
 */
export function writeWorkspaceFile(
  disk: Disk,
  { path, text: before }: WorkspaceFile,
  after: string | null,
  by: DraftMaker,
): void {
  const folder = dirname(path)
  if (after === null) {
    checkUnchanged(disk, path, before)
    disk.unlinkSync(path)
    syncFolder(disk, folder)
    return
  }
  mkdirSync(folder, { recursive: true })
  replaceFile(disk, path, Buffer.from(after, 'latin1'), {
    by,
    keep: true,
    confirm: () => checkUnchanged(disk, path, before),
  })
}

function checkUnchanged(disk: Disk, path: string, before: string | null): void {
  const now = unless(MISSING, null, () => readPlainFile(disk, path).bytes.toString('latin1'))
  if (now === before) return
  throw new WrkError('IO', `${path} was changed by another program at the same time`, {
    hint: 'Run the command again.',
  })
}

/** Removes a folder that was made for a file, if it is empty. */
export function removeEmptyFolder(disk: Disk, folder: string): void {
  unless([...MISSING, 'ENOTEMPTY', 'EEXIST'], undefined, () => disk.rmdirSync(folder))
}
