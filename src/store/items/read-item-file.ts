/** Reads one item's file: its frontmatter, from no more of the file than that takes. */
import type { Stats } from 'node:fs'
import { codeOf } from '../../core/errno.ts'
import { CHOOSING_KEYS, DETAIL_KEYS, NO_DETAILS, readDetails } from '../../core/items/details.ts'
import { ITEM_KEYS } from '../../core/items/item.ts'
import { isClosed } from '../../core/items/status.ts'
import { readDocument } from '../../markdown/document.ts'
import { type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import type { Disk } from '../files/disk.ts'
import { LARGEST_FILE, openPlain, readPlainFile } from '../files/guarded-file.ts'
import { NeedsFullReader } from '../readers.ts'
import type { Store } from '../store.ts'
import { closedReading, type ItemReading, interpret, unusable } from './item-reading.ts'
import type { ItemPlace } from './places/item-places.ts'

/**
 * How much is read of an item: what listing needs, what choosing needs besides, all details, all keys (also those
 * that stand twice), or everything: the frontmatter itself too.
 */
export type Depth = 'usual' | 'choosing' | 'details' | 'all' | 'everything'

const WANTED: Record<Depth, ReadonlySet<string> | undefined> = {
  usual: ITEM_KEYS,
  choosing: new Set([...ITEM_KEYS, ...CHOOSING_KEYS]),
  details: new Set([...ITEM_KEYS, ...DETAIL_KEYS]),
  all: undefined,
  everything: undefined,
}

const STATUS_KEY: ReadonlySet<string> = new Set(['status'])

/** How much of a file is read to find its frontmatter; the rest only when that did not end there. */
export const HEAD = 4096

/** All of an item: its fields as data, and its body. Without fields, and null for the body, when it cannot be read. */
export async function readWhole(
  store: Store,
  place: ItemPlace,
): Promise<{ fields: Record<string, unknown>; body: string | null }> {
  const read = await readDocument(readPlainFile(store.host.disk, place.path).bytes)
  return read.kind === 'document' ? { fields: read.data, body: read.content } : { fields: {}, body: null }
}

/**
 * Reads the beginning of an item's file, or all of it where its frontmatter does not end there. What is wrong with the
 * file is a problem of the reading.
 * @param head a buffer of HEAD bytes, used again for each file
 * @param keep called with a reading and the file as it was before it was read
 * @returns null when the file went away
 * @throws NeedsFullReader
 */
export function readHead(
  store: Store,
  place: ItemPlace,
  head: Buffer,
  full: FullReader | undefined,
  depth: Depth,
  keep?: (reading: ItemReading, stat: Stats) => void,
): ItemReading | null {
  const { disk } = store.host
  let fd: number
  try {
    fd = openPlain(disk, place.path)
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' ? null : notOpened(place, code)
  }
  try {
    const stat = keep && disk.fstatSync(fd)
    const length = disk.readSync(fd, head, 0, HEAD, 0)
    const reading =
      depth === 'choosing' && isClosedAsFiled(place, head, length, full)
        ? closedReading(place)
        : readOpenFile(store, place, fd, head, length, full, depth)
    // It replaces a lock's time that cannot be read, or that is too far ahead.
    if (reading.lock) reading.modified = (stat ?? disk.fstatSync(fd)).mtime
    if (stat) keep(reading, stat)
    return reading
  } catch (error) {
    if (error instanceof NeedsFullReader) throw error
    const code = codeOf(error)
    if (!code) throw error
    return unusable(place, 'not-a-file', code === 'EISDIR' ? 'it is a folder' : `cannot be read: ${code}`)
  } finally {
    disk.closeSync(fd)
  }
}

function notOpened(place: ItemPlace, code: string | undefined): ItemReading {
  if (code === 'EACCES' || code === 'EPERM')
    return unusable(place, 'no-permission', `cannot be opened: permission denied (${code})`)
  return unusable(
    place,
    'not-a-file',
    code === 'ELOOP' ? 'it is a symbolic link' : `cannot be opened: ${code}`,
  )
}

/** Of what is closed, choosing asks nothing more; in the folders for it nearly everything is. */
function isClosedAsFiled(
  { folder }: ItemPlace,
  head: Buffer,
  length: number,
  full: FullReader | undefined,
): boolean {
  if (!isClosed(undefined, folder)) return false
  const read = readFrontmatter(head, full, length < HEAD, STATUS_KEY, length)
  return read.kind === 'ok' && isClosed(scalarText(findPair(read.map, 'status')?.value), folder)
}

function readOpenFile(
  store: Store,
  place: ItemPlace,
  fd: number,
  head: Buffer,
  length: number,
  full: FullReader | undefined,
  depth: Depth,
): ItemReading {
  const { disk } = store.host
  const wanted = WANTED[depth]
  let found = readFrontmatter(head, full, length < HEAD, wanted, length)
  if (found.kind === 'error' && found.error.reason === 'unclosed' && length === HEAD) {
    const { size } = disk.fstatSync(fd)
    if (size > LARGEST_FILE)
      return unusable(place, 'not-a-file', `too large (${Math.round(size / 1048576)} MB)`)
    const bytes = Buffer.allocUnsafe(size)
    found = readFrontmatter(bytes.subarray(0, disk.readSync(fd, bytes, 0, size, 0)), full, true, wanted)
  }
  const reading = interpret(store, place, found)
  if (depth === 'details' || depth === 'all' || (depth === 'choosing' && !reading.item.closed))
    reading.details = found.kind === 'ok' ? readDetails(found.map, store.settings.idPrefix) : NO_DETAILS
  if (depth === 'everything') reading.found = found.kind === 'ok' ? found : null
  return reading
}

/** The first bytes of a file as text, '' when it cannot be read, whatever the reason. */
export function readHeadOf(disk: Disk, path: string): string {
  try {
    const fd = openPlain(disk, path)
    try {
      const head = Buffer.allocUnsafe(HEAD)
      return head.toString('latin1', 0, disk.readSync(fd, head, 0, HEAD, 0))
    } finally {
      disk.closeSync(fd)
    }
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return ''
  }
}
