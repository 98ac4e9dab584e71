/**
 * Moves that are still to be made, one small file each in `.wrk/moves`: written under an item's guard before its new
 * status is published, removed when the item is where it belongs. A crash in between leaves the file, by which the
 * next command that writes completes the move. A move that has no file was never meant: people forget to move items,
 * and `wrk doctor` reports it.
 */
import { join } from 'node:path'
import { MISSING, unless } from '../../../core/errno.ts'
import { type ItemKey, keyOfFileName } from '../../../core/items/ids.ts'
import type { Disk } from '../../files/disk.ts'
import { readMarker, removeMarker, writeMarker } from '../../files/marker.ts'
import { isItemFolder } from './item-places.ts'

export interface Move {
  /** What the item's status must still be for the move to be right. */
  status: string
  /** The folder below the queue: `working`, `archive/2026-02`. */
  folder: string
}

const folderOf = (stateDir: string) => join(stateDir, 'moves')

/** The items that have a move to make. */
export function pendingMoves(disk: Disk, stateDir: string): ItemKey[] {
  const names = unless(MISSING, [], () => disk.readdirSync(folderOf(stateDir))).sort()
  return names.flatMap(name => {
    const key = keyOfFileName(`${name}.md`)
    return key === name ? key : []
  })
}

/** The move that an item has to make; null without one, or with a torn note of one: then the item never changed. */
export function readMove(disk: Disk, stateDir: string, key: ItemKey): Move | null {
  const { status, folder } = readMarker<Partial<Move>>(disk, join(folderOf(stateDir), key)) ?? {}
  if (typeof status !== 'string' || typeof folder !== 'string' || !isItemFolder(folder)) return null
  return { status, folder }
}

/** Notes a move. To be called under the item's guard. */
export function writeMove(disk: Disk, stateDir: string, key: ItemKey, move: Move): void {
  disk.mkdirSync(folderOf(stateDir), { recursive: true })
  writeMarker(disk, join(folderOf(stateDir), key), move, 'w')
}

/** Forgets a move: it was made, or the item has changed since. */
export function removeMove(disk: Disk, stateDir: string, key: ItemKey): void {
  removeMarker(disk, join(folderOf(stateDir), key))
}
