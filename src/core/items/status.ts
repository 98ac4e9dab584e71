/**
 * The words that real queues use for an item's status, and the folder that each belongs in.
 * The frontmatter is the truth; the folder follows from it. A word that is not listed here is open
 * and fits any folder: people invent words, and doubt must not close an item.
 */
import { unknownWord } from '../suggest.ts'

/** The folders of a queue that hold items, besides its root and the months below `archive`. */
export const STATUS_FOLDERS = ['pending', 'working', 'blocked', 'done', 'archive', 'archived'] as const

/** To be begun, as other tools have it too. */
const TO_DO = ['pending', 'open', 'todo', 'to-do']
const PENDING = [...TO_DO, 'parked', 'deferred', 'on-hold']
const WORKING = ['working', 'in-progress', 'coordinating']
const ARCHIVED = ['archived']
const DONE = [
  ...['done', 'complete', 'completed', 'finished', 'merged', 'closed', 'superseded', 'resolved'],
  ...['resolved-no-action', 'cancelled', 'canceled', 'rejected', 'abandoned', 'obsolete', 'duplicate'],
  ...['wontfix', 'wont-fix'],
]

const FOLDERS_OF = new Map<string, readonly string[]>([
  ...PENDING.map(word => [word, ['pending', 'blocked']] as const),
  ...TO_DO.map(word => [word, ['pending']] as const),
  ...WORKING.map(word => [word, ['working']] as const),
  ['blocked', ['blocked']],
  ...DONE.map(word => [word, ['done', 'archive', 'archived']] as const),
  ...ARCHIVED.map(word => [word, ['archive', 'archived']] as const),
])
const CLOSED = new Set([...DONE, ...ARCHIVED])

/** `In_Progress` and `in-progress` are one word. */
export function statusWord(status: string): string {
  if (FOLDERS_OF.has(status)) return status
  return status.trim().toLowerCase().replace(/[_ ]/g, '-')
}

/** Whether work on an item has ended: done, archived or closed otherwise. Without a status the folder decides. */
export function isClosed(status: string | undefined, folder: string): boolean {
  if (status !== undefined) return CLOSED.has(statusWord(status))
  return CLOSED.has(topFolder(folder)) || topFolder(folder) === 'archive'
}

/** Whether an item waits to be begun. Without a status the folder decides; parked, deferred and held ones do not. */
export function isPending(status: string | null, folder: string): boolean {
  return status === null ? ['', 'pending'].includes(topFolder(folder)) : TO_DO.includes(statusWord(status))
}

/** Whether work on an item has begun and not ended. Without a status the folder decides. */
export function isBegun(status: string | null, folder: string): boolean {
  return WORKING.includes(status === null ? topFolder(folder) : statusWord(status))
}

/** Whether an item has gone to the archive, by its status; without one the folder decides. */
export function isArchived(status: string | null, folder: string): boolean {
  return status === null ? topFolder(folder).startsWith('archive') : ARCHIVED.includes(statusWord(status))
}

/** Whether a folder takes items of a status (`''` is the queue's root, which takes any). */
export function fitsFolder(status: string, folder: string): boolean {
  if (folder === '' || folder === status) return true
  return FOLDERS_OF.get(statusWord(status))?.includes(topFolder(folder)) ?? true
}

/** Whether a status, as statusWord gives it, says that an item was given up for good. */
export function isCancelled(word: string): boolean {
  return word === 'cancelled' || word === 'canceled'
}

/** The folder that a status belongs in, or null for a word that is not known. */
export function folderOf(status: string): string | null {
  return FOLDERS_OF.get(statusWord(status))?.[0] ?? null
}

/** What to say of a word that is not known. */
export function unknownStatus(status: string): string {
  return `${unknownWord('status', status, [...FOLDERS_OF.keys()])} Its items count as open.`
}

function topFolder(folder: string): string {
  const slash = folder.indexOf('/')
  return slash < 0 ? folder : folder.slice(0, slash)
}
