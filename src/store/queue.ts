/**
 * Where the queue is and what lies in it. Paths only: nothing here reads an item's content.
 * All paths are made from the queue's real path and names that were checked, and links are not followed out.
 */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { MISSING, unless } from '../core/errno.ts'
import { WrkError } from '../core/errors.ts'
import { conflictCopyOf } from '../core/items/conflict-copy.ts'
import { type ItemKey, keyOfFileName } from '../core/items/ids.ts'
import { STATUS_FOLDERS } from '../core/items/status.ts'
import type { Disk } from './files/disk.ts'
import { lookAt } from './files/look.ts'
import { FolderNames } from './items/folder-names.ts'

/** Where a workspace keeps its queue. */
export const QUEUE_IN_WORKSPACE = join('.claude', 'work-queue')

/** The folder that a queue belongs to: the one that holds `.claude/work-queue`, else the queue's parent. */
export function workspaceOfQueue(root: string): string {
  return root.endsWith(sep + QUEUE_IN_WORKSPACE) ? dirname(dirname(root)) : dirname(root)
}

export interface QueuePlace {
  /** The queue's real path. */
  root: string
  /** How it was found, for people: `--queue`, `WRK_QUEUE`, `found above the working directory`. */
  via: string
  /** When the queue of a linked worktree gave way to the main one's: the path of the linked one. */
  linked: string | null
  /** Whether it is that of a linked worktree although locks were to be shared: no main working tree has it. */
  isUnshared: boolean
}

/** Tells of a folder that is the top of a linked git worktree where the main working tree is; null of any other. */
export type MainTreeOf = (folder: string) => string | null

/**
 * Finds the queue: the flag, WRK_QUEUE, WORK_ITEM_ROOT, else the nearest folder above `cwd` that holds
 * `.claude/work-queue/` or is a queue itself. A linked worktree without a queue sees that of its main working tree.
 * @param cwd asked only when it is needed: the working directory may have been removed
 * @throws WrkError NOT_FOUND
 */
export function findQueue(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  cwd: () => string,
  mainTreeOf: MainTreeOf,
): QueuePlace {
  for (const [via, dir] of [
    ['--queue', flag],
    ['WRK_QUEUE', env.WRK_QUEUE],
    ['WORK_ITEM_ROOT', env.WORK_ITEM_ROOT],
  ] as const) {
    if (!dir) continue
    const path = isAbsolute(dir) ? dir : resolve(cwd(), dir)
    return { root: namedQueue(path, via), via, linked: null, isUnshared: false }
  }
  const start = resolve(cwd())
  const found = queueAround(start, mainTreeOf)
  if (found) return found
  throw new WrkError(
    'NOT_FOUND',
    `no queue here: neither ${start} nor a folder above it holds .claude/work-queue`,
    {
      hint: 'Go to the workspace, name the queue with --queue DIR, or make one with: wrk init',
    },
  )
}

function queueAround(start: string, mainTreeOf: MainTreeOf): QueuePlace | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const here = queueOf(folder)
    if (here) {
      const root = realpathSync.native(here)
      return { root, via: 'found above the working directory', linked: null, isUnshared: false }
    }
    const tree = mainTreeOf(folder)
    const main = tree === null ? null : realPathOf(tree)
    const shared = main === null ? null : queueAround(join(main, relative(folder, start)), mainTreeOf)
    if (shared) {
      const within = relative(main!, shared.root)
      const isWithin = within !== '..' && !within.startsWith(`..${sep}`) && !isAbsolute(within)
      return {
        ...shared,
        via: 'found in the main working tree of this linked worktree',
        // Where git would have it here, did it not ignore it.
        linked: isWithin ? join(realpathSync.native(folder), within) : null,
      }
    }
    if (folder === dirname(folder)) return null
  }
}

function realPathOf(folder: string): string | null {
  return unless(MISSING, null, () => realpathSync.native(folder))
}

/** The queue of the nearest folder, from this one upwards, that is one or holds one; null without one. */
export function queueAbove(start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = queueOf(folder)
    if (found !== null) return found
    if (folder === dirname(folder)) return null
  }
}

/** The queue that a folder holds or is. */
function queueOf(folder: string): string | null {
  const inside = join(folder, QUEUE_IN_WORKSPACE)
  if (isFolder(inside)) return inside
  return isQueue(folder) ? folder : null
}

function namedQueue(dir: string, via: string): string {
  const named = via === '--queue' ? dir : `${dir} (${via})`
  if (!isFolder(dir))
    throw existsSync(dir)
      ? new WrkError('NOT_FOUND', `no queue at ${named}: it is a file, not a folder`, {
          hint: 'Name the folder of a queue, or its workspace.',
        })
      : new WrkError('NOT_FOUND', `no queue at ${named}`, { hint: `Make one with: wrk init ${dir}` })
  const inside = join(dir, QUEUE_IN_WORKSPACE)
  if (isQueue(dir)) return realpathSync.native(dir)
  if (isFolder(inside)) return realpathSync.native(inside)
  if (!mayBeQueue(dir))
    throw new WrkError('NOT_FOUND', `no queue at ${named}`, {
      hint: `Nothing in that folder is of a queue. Name another, or make one there with: wrk init ${dir}`,
    })
  return realpathSync.native(dir)
}

/** Whether a folder that was named is an empty queue, or one that somebody laid out otherwise than `wrk init` does. */
function mayBeQueue(dir: string): boolean {
  const names = readdirSync(dir)
  const own = ['.wrk', 'session-state.yaml', ...STATUS_FOLDERS]
  return names.length === 0 || names.some(name => own.includes(name) || keyOfFileName(name) !== null)
}

/** Whether a folder looks like a queue: settings of wrk, or the folder of pending items. */
export function isQueue(folder: string): boolean {
  return (
    existsSync(join(folder, 'wrk.yaml')) ||
    (isFolder(join(folder, 'pending')) && isFolder(join(folder, 'working')))
  )
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Where an item's file lies. */
export interface ItemPlace {
  key: ItemKey
  /** Relative to the queue, with `/`: `pending`, `archive/2026-02`, '' for the root. */
  folder: string
  name: string
  path: string
}

/** All places of items, folder by folder in the contract's order, names in the system's order. */
export function itemPlaces(disk: Disk, root: string): ItemPlace[] {
  const places: ItemPlace[] = []
  for (const [folder, names] of itemFolders(disk, root)) {
    const dir = join(root, folder, sep)
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      const key = keyOfFileName(name)
      if (key) places.push({ key, folder, name, path: dir + name })
    }
  }
  return places
}

/**
 * The places of some items, of each: none, one, or several (then its id is ambiguous). Links in place of folders are
 * not followed.
 */
export function placesOf(disk: Disk, root: string, ...keys: readonly ItemKey[]): ItemPlace[] {
  const places: ItemPlace[] = []
  const seen = new FolderNames(disk, root, keys)
  const look = (folder: string, within = false): readonly string[] => {
    const { names, folders } = seen.look(folder, within)
    for (const name of names) places.push(itemPlaceOf(root, folder, name)!)
    return folders
  }
  const present = look('', true)
  for (const folder of STATUS_FOLDERS) {
    if (!present.includes(folder)) continue
    const inside = look(folder, folder === 'archive')
    for (const month of inside) if (MONTH.test(month)) look(`${folder}/${month}`)
  }
  seen.save()
  return places
}

/** The place of an item by its path within the queue (with `/`), or null when no item lies at such a path. */
export function placeOfPath(root: string, path: string): ItemPlace | null {
  const slash = path.lastIndexOf('/')
  const folder = slash < 0 ? '' : path.slice(0, slash)
  return isItemFolder(folder) ? itemPlaceOf(root, folder, path.slice(slash + 1)) : null
}

/** Whether items may lie there: the root (''), a status folder, a month of the archive. */
export function isItemFolder(folder: string): boolean {
  if (folder === '' || (STATUS_FOLDERS as readonly string[]).includes(folder)) return true
  return folder.startsWith('archive/') && MONTH.test(folder.slice('archive/'.length))
}

const MONTH = /^\d{4}-\d{2}$/

/** The place that a name in one of the queue's folders stands for; null when it is not that of an item. */
export function itemPlaceOf(root: string, folder: string, name: string): ItemPlace | null {
  const key = name.endsWith('.md') ? keyOfFileName(name) : null
  return key && { key, folder, name, path: join(root, folder, name) }
}

/** A folder that items may lie in. */
export interface ItemFolder {
  folder: string
  path: string
  /** Tells it from another that is made in its place. */
  ino: number
}

/** The folders that items may lie in, as they are now; none when the queue is not there. */
export function queueFolders(disk: Disk, root: string): ItemFolder[] {
  const archive = join(root, 'archive')
  const months = unless(MISSING, [], () => disk.readdirSync(archive)).filter(name => MONTH.test(name))
  return ['', ...STATUS_FOLDERS, ...months.map(month => `archive/${month}`)].flatMap(folder => {
    const path = folder === '' ? root : join(root, folder)
    const stat = lookAt(disk, path)
    return stat?.isDirectory() ? [{ folder, path, ino: stat.ino }] : []
  })
}

/** Links in place of folders are not followed, so a folder that is missing or a link is passed over. */
function* itemFolders(disk: Disk, root: string): Generator<[folder: string, names: string[]]> {
  const entries = disk.readdirSync(root, { withFileTypes: true }).sort(byName)
  yield ['', entries.map(({ name }) => name)]
  const present = new Set(entries.filter(entry => entry.isDirectory()).map(({ name }) => name))
  for (const folder of STATUS_FOLDERS) {
    if (!present.has(folder)) continue
    const path = join(root, folder)
    if (folder !== 'archive') {
      yield [folder, namesIn(disk, path)]
      continue
    }
    const inside = disk.readdirSync(path, { withFileTypes: true }).sort(byName)
    yield [folder, inside.map(({ name }) => name)]
    const months = inside.filter(entry => MONTH.test(entry.name) && entry.isDirectory())
    for (const { name: month } of months) yield [`${folder}/${month}`, namesIn(disk, join(path, month))]
  }
}

/** Links and other things that have the name of one of the queue's folders, so that what is behind them is not seen. */
export function notFolders(disk: Disk, root: string): { path: string; isLink: boolean }[] {
  const names: readonly string[] = STATUS_FOLDERS
  const within = (folder: string, isFolderName: (name: string) => boolean) =>
    unless(MISSING, [], () => disk.readdirSync(folder, { withFileTypes: true }))
      .filter(entry => isFolderName(entry.name) && !entry.isDirectory())
      .map(entry => ({ path: join(folder, entry.name), isLink: entry.isSymbolicLink() }))
  const above = within(root, name => names.includes(name))
  const archive = join(root, 'archive')
  return above.some(({ path }) => path === archive)
    ? above
    : [...above, ...within(archive, name => MONTH.test(name))]
}

/**
 * Files that look like items and are seen by nobody: in folders below those of the queue, or of another ending
 * (`WRK-1.MD`, `WRK-1.markdown`); and copies that sync tools and merges left beside items.
 * @returns their paths, in no order of meaning; links are not followed
 */
export function unseenItems(disk: Disk, root: string): string[] {
  const found: string[] = []
  const look = (path: string, isSeen: (name: string) => boolean, isKnown: (name: string) => boolean) => {
    for (const entry of unless(MISSING, [], () => disk.readdirSync(path, { withFileTypes: true }))) {
      const { name } = entry
      if (entry.isDirectory() && !isKnown(name)) look(join(path, name), no, no)
      else if (entry.isFile() && !isSeen(name) && (LIKE_ITEM.test(name) || conflictCopyOf(name)))
        found.push(join(path, name))
    }
  }
  for (const { folder, path } of queueFolders(disk, root))
    look(
      path,
      name => keyOfFileName(name) !== null,
      // Beside the queue's own folders may lie anything; what lies in them should be items.
      name => folder === '' || isItemFolder(`${folder}/${name}`),
    )
  return found
}

const LIKE_ITEM = /^[A-Za-z][A-Za-z0-9_.-]*[-#]\d{1,9}(?!\d).*\.(?:md|mdx|markdown)$/i
const no = () => false

/** None, when the folder went away meanwhile. Sorted: only Node gives them in an order of their own. */
function namesIn(disk: Disk, path: string): string[] {
  return unless(MISSING, [], () => disk.readdirSync(path)).sort()
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
