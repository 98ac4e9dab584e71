/** The folder that an item belongs in by its status, where that has one answer. Pure. */

import { parseInstant } from '../time.ts'
import { folderOf, isArchived, isClosed } from './status.ts'

/** The month folder for an instant that can be read. */
export function archiveFolderOf(completed: string): string {
  return `archive/${parseInstant(completed)!.toISOString().slice(0, 7)}`
}

/**
 * Where an item of this status belongs, when it is in a folder that does not fit it.
 * @returns null when a person must decide: it is archived, but nothing says when; or it says that it is open and is
 *   among the closed ones, so that either may be what was forgotten, and work that is over must not come back by itself
 */
export function homeOf(status: string, folder: string, completed: string | undefined): string | null {
  if (isArchived(status, '')) return completed && parseInstant(completed) ? archiveFolderOf(completed) : null
  if (!isClosed(status, '') && isClosed(undefined, folder)) return null
  return folderOf(status)
}
