/** What no command sees in a queue: links in place of folders, and files that only look like items. */
import { join } from 'node:path'
import { MISSING, unless } from '../../../core/errno.ts'
import { conflictCopyOf } from '../../../core/items/conflict-copy.ts'
import { keyOfFileName } from '../../../core/items/ids.ts'
import { STATUS_FOLDERS } from '../../../core/items/status.ts'
import type { Disk } from '../../files/disk.ts'
import { isItemFolder, MONTH, queueFolders } from './item-places.ts'

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
      // Anything may be beside the queue's own folders; inside them there should be items.
      name => folder === '' || isItemFolder(`${folder}/${name}`),
    )
  return found
}

const LIKE_ITEM = /^[A-Za-z][A-Za-z0-9_.-]*[-#]\d{1,9}(?!\d).*\.(?:md|mdx|markdown)$/i
const no = () => false
