/**
 * A look at all files of one item under its guard, for what is neither a change of its fields nor its move: notes in
 * `.wrk` that belong to it, and copies of which it has too many.
 *
 * Guarantees: no other call of wrk claims, changes or moves the item meanwhile.
 */
import { dirname } from 'node:path'
import { isFailure } from '../../core/errno.ts'
import type { ItemId, ItemKey } from '../../core/items/ids.ts'
import { readFrontmatter } from '../../markdown/frontmatter.ts'
import { readRecord, soundRecord } from '../claims/record-file.ts'
import type { Disk } from '../files/disk.ts'
import { withGuard } from '../files/guard.ts'
import { readPlainFile, syncFolder } from '../files/guarded-file.ts'
import { withReaders } from '../readers.ts'
import type { Store } from '../store.ts'
import { type ItemReading, interpret } from './item-reading.ts'
import { openItem } from './open-item.ts'
import { placesOf } from './places/item-places.ts'

/**
 * Removes the committed copies of an item that git put back where it was before wrk moved it, by its record.
 * @returns the paths that are gone
 * @throws WrkError AMBIGUOUS, INVALID_ITEM, BUSY; system errors pass
 */
export function removePutBack(store: Store, id: ItemId): Promise<string[]> {
  const { host, stateDir } = store
  const { disk } = host
  return withGuard(host, stateDir, id.key, () => {
    const record = soundRecord(id.display, readRecord(disk, stateDir, id.key))
    const { fd, strays } = openItem(store, id, [], record)
    disk.closeSync(fd)
    for (const { path } of strays) {
      disk.unlinkSync(path)
      syncFolder(disk, dirname(path))
    }
    return strays.map(({ path }) => path)
  })
}

/** A file of the item as it was read. */
interface Copy extends ItemReading {
  /** Null when it cannot be read: a link, a folder, or gone. */
  bytes: Buffer | null
}

/**
 * @param work called inside the guard
 * @throws WrkError BUSY; system errors pass
 */
export function readUnderGuard<T>(
  store: Store,
  key: ItemKey,
  work: (copies: readonly Copy[]) => T,
): Promise<T> {
  const { host, stateDir, root } = store
  return withReaders(full =>
    withGuard(host, stateDir, key, () =>
      work(
        placesOf(host.disk, root, key).map(place => {
          const bytes = bytesOf(host.disk, place.path)
          const found = readFrontmatter(bytes ?? Buffer.alloc(0), full)
          return { ...interpret(store, place, found), bytes }
        }),
      ),
    ),
  )
}

/** The bytes of a regular file; null for a link, a folder, and what is gone. */
export function bytesOf(disk: Disk, path: string): Buffer | null {
  try {
    return readPlainFile(disk, path).bytes
  } catch (error) {
    if (!isFailure(error)) throw error
    return null
  }
}

/** Whether all of these are there, plain files, and the same byte for byte. */
export function areSame(all: readonly (Buffer | null)[]): boolean {
  const [first, ...others] = all
  return Boolean(first) && others.every(other => other?.equals(first!))
}

/**
 * Removes files of an item that are in truth copies of another one of it.
 * @param keep which of them stays, decided on what the guard shows; null: all of them
 * @returns the paths that are gone
 * @throws WrkError BUSY; system errors pass
 */
export function removeCopies(
  store: Store,
  key: ItemKey,
  keep: (copies: readonly ItemReading[]) => ItemReading | null,
): Promise<string[]> {
  const { disk } = store.host
  return readUnderGuard(store, key, copies => {
    if (copies.length < 2 || !areSame(copies.map(({ bytes }) => bytes))) return []
    const kept = keep(copies)
    if (!kept) return []
    const paths = copies.map(({ place }) => place.path).filter(path => path !== kept.place.path)
    for (const path of paths) {
      disk.unlinkSync(path)
      syncFolder(disk, dirname(path))
    }
    return paths
  })
}
