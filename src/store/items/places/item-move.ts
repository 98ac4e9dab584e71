/**
 * Moving an item into the folder that its content names. The content is published first, in place; the move
 * follows from it, so a crash in between is completed by whoever meets the item next, and doing it twice is
 * doing it once.
 *
 * Does not guarantee: that a file put at the target by a program that knows no guard, in the instant between
 * the look and the rename, survives. Nor, since neither the rename nor the removal of the note is fenced, the right
 * folder for an item that others move on while a process is stopped for half a minute within its move: what its
 * status says stands, and `wrk doctor --fix` or the command itself, once more, moves it there.
 */
import { basename, dirname, join } from 'node:path'
import { codeOf, MISSING, unless } from '../../../core/errno.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemId } from '../../../core/items/ids.ts'
import { readFrontmatter } from '../../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../../markdown/scalar.ts'
import type { Disk } from '../../files/disk.ts'
import { type HeldGuard, StartOver, withGuard } from '../../files/guard.ts'
import { readPlainFile, syncFolder } from '../../files/guarded-file.ts'
import { isThere } from '../../files/look.ts'
import { withReaders } from '../../readers.ts'
import type { Store } from '../../store.ts'
import { type ItemReading, interpret, isBlocked } from '../item-reading.ts'
import { type ItemPlace, placesOf } from './item-places.ts'
import { readMove, removeMove } from './moves.ts'

/** What a move is decided on: the item as the guard shows it. */
export interface MovableItem extends ItemReading {
  text: (key: string) => string | undefined
}

export interface Moved {
  from: string
  to: string
}

/**
 * Makes the move that was noted when the item's status was published; without one, moves it to where `folderFor`
 * says it belongs.
 * @param folderFor the folder below the queue, `archive/2026-02`; null: it stays. Called inside the guard
 * @returns the move that was made, null when there was none to make
 * @throws WrkError AMBIGUOUS when a file of that name is there already, BUSY; system errors pass
 */
export function moveItem(
  store: Store,
  id: ItemId,
  folderFor: (item: MovableItem) => string | null,
): Promise<Moved | null> {
  const { host, stateDir, root } = store
  const { disk } = host
  return withReaders(full =>
    withGuard(host, stateDir, id.key, guard => {
      const [place, ...others] = placesOf(disk, root, id.key)
      // Whoever notes a move holds this guard: what is noted of an item that is gone was left behind.
      if (!place) removeMove(disk, stateDir, id.key)
      const file =
        place && others.length === 0 && unless(MISSING, null, () => readPlainFile(disk, place.path))
      if (!place || !file) return null
      const found = readFrontmatter(file.bytes, full)
      const reading = interpret(store, place, found)
      if (found.kind !== 'ok' || isBlocked(reading)) return null
      const text = (key: string) => scalarText(findPair(found.map, key)?.value)
      const noted = readMove(disk, stateDir, id.key)
      const folder =
        noted && noted.status === reading.item.status
          ? noted.folder
          : folderFor({ ...reading, modified: file.modified, text })
      const moved = folder === null || folder === place.folder ? null : move(disk, root, place, folder, guard)
      removeMove(disk, stateDir, id.key)
      return moved
    }),
  )
}

function move(disk: Disk, root: string, place: ItemPlace, folder: string, { slot }: HeldGuard): Moved {
  const target = makeFolder(disk, root, folder)
  const to = join(target, basename(place.path))
  if (isThere(disk, to)) {
    // One that was revoked, or taken for dead, has moved it meanwhile: there is one item, and it is looked at again.
    if (!isThere(disk, place.path)) throw new StartOver()
    throw new WrkError('AMBIGUOUS', `${place.path} belongs in ${folder}/, but ${to} already exists`, {
      hint: 'Compare the two and keep one (git rm the other).',
      details: { paths: [place.path, to] },
    })
  }
  // The guard was taken away: another may be at the item by now.
  if (!isThere(disk, slot)) throw new StartOver()
  try {
    disk.renameSync(place.path, to)
  } catch (error) {
    // Who was revoked without knowing it comes too late: another has moved it, and it is looked at again.
    if (codeOf(error) === 'ENOENT') throw new StartOver()
    throw error
  }
  for (const changed of [target, dirname(place.path)]) syncFolder(disk, changed)
  return { from: place.path, to }
}

/** Makes a folder below the queue, part by part; a link in its place is refused. */
export function makeFolder(disk: Disk, root: string, folder: string): string {
  let path = root
  for (const part of folder.split('/')) {
    path = join(path, part)
    unless(['EEXIST'], undefined, () => disk.mkdirSync(path))
    if (!disk.lstatSync(path).isDirectory())
      throw new WrkError('IO', `${path} is not a folder`, {
        hint: 'wrk does not follow links; replace it by a folder.',
      })
  }
  return path
}
