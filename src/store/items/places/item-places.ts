/**
 * Where the items are. Paths only: nothing here reads an item's content. All paths are made from the queue's real path and
 * names that were checked, and links are not followed out.
 */
import { join, sep } from 'node:path'
import { MISSING, unless } from '../../../core/errno.ts'
import { type ItemKey, keyOfFileName } from '../../../core/items/ids.ts'
import { STATUS_FOLDERS } from '../../../core/items/status.ts'
import type { Disk } from '../../files/disk.ts'
import { lookAt } from '../../files/look.ts'
import { FolderNames } from './folder-names.ts'

/** Where an item's file is. */
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

/** The place of an item by its path within the queue (with `/`), or null when no item is at such a path. */
export function placeOfPath(root: string, path: string): ItemPlace | null {
  const slash = path.lastIndexOf('/')
  const folder = slash < 0 ? '' : path.slice(0, slash)
  return isItemFolder(folder) ? itemPlaceOf(root, folder, path.slice(slash + 1)) : null
}

/** Whether items may be there: the root (''), a status folder, a month of the archive. */
export function isItemFolder(folder: string): boolean {
  if (folder === '' || (STATUS_FOLDERS as readonly string[]).includes(folder)) return true
  return folder.startsWith('archive/') && MONTH.test(folder.slice('archive/'.length))
}

export const MONTH = /^\d{4}-\d{2}$/

/** The place of an item by its name in one of the queue's folders; null for names of other things. */
export function itemPlaceOf(root: string, folder: string, name: string): ItemPlace | null {
  const key = name.endsWith('.md') ? keyOfFileName(name) : null
  return key && { key, folder, name, path: join(root, folder, name) }
}

/** A folder that items may be in. */
export interface ItemFolder {
  folder: string
  path: string
  /** Tells it from another that is made in its place. */
  ino: number
}

/** The folders that items may be in, as they are now; none when the queue is not there. */
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

/** None, when the folder went away meanwhile. Sorted: only Node gives them in an order of their own. */
function namesIn(disk: Disk, path: string): string[] {
  return unless(MISSING, [], () => disk.readdirSync(path)).sort()
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
