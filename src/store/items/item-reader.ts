/** Items on disk: finding and reading them. Whatever is wrong with a file is told as its problem, not thrown. */
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { holdingOf } from '../../core/claims/holding.ts'
import type { Lock } from '../../core/claims/lock.ts'
import type { ItemRecord } from '../../core/claims/record.ts'
import type { Settings } from '../../core/config.ts'
import { codeOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import {
  CHOOSING_KEYS,
  DETAIL_KEYS,
  type Details,
  NO_DETAILS,
  readDetails,
} from '../../core/items/details.ts'
import { displayOfFileName, type ItemId, type ItemKey } from '../../core/items/ids.ts'
import { hidesAll, ITEM_KEYS, type Item, interpretItem, type Problem } from '../../core/items/item.ts'
import { isClosed } from '../../core/items/status.ts'
import { didYouMean, nearIds } from '../../core/suggest.ts'
import { printable } from '../../core/text.ts'
import { parseInstant } from '../../core/time.ts'
import { readDocument } from '../../markdown/document.ts'
import { type Frontmatter, type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { detached, findPair, scalarText } from '../../markdown/scalar.ts'
import { type RecordFile, Records, readRecord } from '../claims/record-file.ts'
import type { Disk } from '../files/disk.ts'
import type { GuardHost } from '../files/guard.ts'
import { LARGEST_FILE, openPlain, readPlainFile } from '../files/guarded-file.ts'
import { type ItemPlace, itemPlaces, placesOf } from '../queue.ts'
import { NeedsFullReader, withReaders } from '../readers.ts'
import type { RegistryFile } from '../sessions/session-registry.ts'
import type { ReadingCache } from './reading-cache.ts'
import { placeByRecord } from './two-places.ts'

/** Everything that the operations need to touch a queue. */
export interface Store {
  host: GuardHost
  root: string
  /** `.wrk` in the queue. */
  stateDir: string
  registry: RegistryFile
  settings: Settings
  /** Whether a file is what git has committed; asked only of an id that is in two places. */
  isCommittedCopy: (path: string) => boolean
}

/** An item as read: what it says, who holds it, what is wrong with it. */
export interface ItemReading {
  place: ItemPlace
  item: Item
  /** The lock that counts, by record and file, before its holder is judged; null: the item is free. */
  lock: Lock | null
  /** What the frontmatter shows, right or not. */
  inFile: Lock | null
  /** A lock in the file that wrk did not write; it counts once the record's holder is dead or silent. */
  foreign: Lock | null
  /** Something other than wrk took the lock out of the file. */
  takenOut: boolean
  /** Whether `lock` is the record's. */
  byRecord: boolean
  /** Null for an item that wrk never changed, or when nobody asked for it. */
  record: ItemRecord | null
  /** When its holder renewed the record last. */
  renewedAt: Date | null
  /** Of the record's file; it stands in for a time of the record that is no use. */
  recordModified: Date
  problems: Problem[]
  /** The file's modification time, which may stand in for a lock's; without a lock it is not looked up. */
  modified: Date
  /** What else it says, where that was asked for. */
  details?: Details
  /** All of its frontmatter, where everything was asked for; null when it cannot be read. */
  found?: Frontmatter | null
}

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

/** Whether something is wrong that must be mended before the item can be worked on. */
export function isBlocked({ problems }: Pick<ItemReading, 'problems'>): boolean {
  return problems.some(({ blocks }) => blocks)
}

/** A file that is none (a folder, a link), or that may not be read, has no fields; what is merely wrong in it does not hide them. */
export function isReadable({ problems }: Pick<ItemReading, 'problems'>): boolean {
  return !problems.some(hidesAll)
}

const STATUS_KEY: ReadonlySet<string> = new Set(['status'])

/** How much of a file is read to find its frontmatter; the rest only when that did not end there. */
const HEAD = 4096

/** Reads items, in order. Whatever is wrong with a file is told as its problem; one that went away is left out. */
export function readItems(
  store: Store,
  places: readonly ItemPlace[],
  depth: Depth = 'usual',
): Promise<ItemReading[]> {
  return readEach(store, places, depth, undefined, reading => reading)
}

/**
 * Reads every item of the queue. An id that stands in several places is a problem of each of them.
 * @param take what to keep of an item, null for nothing: of thousands, whole readings would be a lot to keep.
 * @param among only items with these keys
 */
export async function readQueue<T>(
  store: Store,
  take: (reading: ItemReading) => T | null,
  depth: Depth = 'usual',
  cache?: ReadingCache,
  among?: ReadonlySet<ItemKey>,
): Promise<T[]> {
  const places = among ? placesAmong(store, among) : itemPlaces(store.host.disk, store.root)
  const keys = new Set<ItemKey>()
  const twice = new Set<ItemKey>()
  for (let i = 0; i < places.length; i++) {
    const { key } = places[i]!
    if (keys.has(key)) twice.add(key)
    else keys.add(key)
  }

  const copies = new Map<ItemKey, ItemReading[]>()
  const found = await readEach(store, places, depth, cache, reading => {
    const { key } = reading.place
    if (!twice.has(key)) return take(reading)
    // What counts of them is known only when all have been read.
    const others = copies.get(key)
    if (others) others.push(reading)
    else copies.set(key, [reading])
    return null
  })
  cache?.save()
  for (const several of copies.values())
    for (const reading of settleCopies(store, several)) {
      const one = take(reading)
      if (one !== null) found.push(one)
    }
  return found
}

/** A few items are looked for by name; for many, listing everything once is quicker. */
const FEW_KEYS = 32

function placesAmong({ host, root }: Store, keys: ReadonlySet<ItemKey>): ItemPlace[] {
  return keys.size <= FEW_KEYS
    ? placesOf(host.disk, root, ...keys)
    : itemPlaces(host.disk, root).filter(({ key }) => keys.has(key))
}

async function readEach<T>(
  store: Store,
  places: readonly ItemPlace[],
  depth: Depth,
  cache: ReadingCache | undefined,
  take: (reading: ItemReading) => T | null,
): Promise<T[]> {
  const head = Buffer.allocUnsafe(HEAD)
  const taken: (T | null)[] = []
  const unsure: number[] = []
  const now = Date.now()
  const keep = cache && ((reading: ItemReading, stat: Stats) => cache.keep(reading.place, stat, reading, now))
  const { host, stateDir } = store
  // For a few items it is cheaper to ask for their records than to list all that there are.
  const records = places.length > FEW ? new Records(host.disk, stateDir) : null
  const recordOf = (key: ItemKey) => (records ? records.of(key) : readRecord(host.disk, stateDir, key))
  const read = (place: ItemPlace, full: FullReader | undefined): ItemReading | null => {
    const reading = cache?.lookUp(place) ?? readHead(store, place, head, full, depth, keep)
    // What is closed and shows no lock is nobody's: of a long-lived queue that is nearly everything.
    if (reading && (reading.inFile || !reading.item.closed || !records))
      withRecord(reading, recordOf(place.key))
    return reading
  }
  for (let i = 0; i < places.length; i++)
    try {
      const reading = read(places[i]!, undefined)
      taken.push(reading && take(reading))
    } catch (error) {
      if (!(error instanceof NeedsFullReader)) throw error
      unsure.push(taken.push(null) - 1)
    }
  // Most queues hold a few items that only the full reader is sure of; only those are read again.
  if (unsure.length > 0)
    await withReaders(full => {
      for (const i of unsure) {
        const reading = read(places[i]!, full)
        taken[i] = reading && take(reading)
      }
    })
  return taken.filter(one => one !== null)
}

/** So many items at most have their records asked for one by one. */
const FEW = 16

function addAmbiguity(reading: ItemReading, other: ItemReading): void {
  if (reading.problems.some(({ code }) => code === 'ambiguous')) return
  const message = `the id stands in another place too: ${join(other.place.folder, other.place.name)}`
  reading.problems.push({ code: 'ambiguous', message, line: 0, column: 0, blocks: true })
}

/**
 * All places of one id, read.
 * @throws WrkError NOT_FOUND
 */
export async function readItem(store: Store, id: ItemId): Promise<ItemReading[]> {
  const readings = await readItems(store, findItem(store, id), 'all')
  if (readings.length === 0) throw notFound(store, id)
  return readings.length > 1 ? settleCopies(store, readings) : readings
}

/** Several files of one id: of a copy that git put back, the other counts; else each is ambiguous. */
function settleCopies(store: Store, readings: readonly ItemReading[]): ItemReading[] {
  const record = readings.find(one => one.record)?.record ?? null
  const chosen = placeByRecord(
    store,
    record,
    readings.map(({ place }) => place),
  )
  if (!chosen) {
    for (const [i, one] of readings.entries()) addAmbiguity(one, readings[i === 0 ? 1 : 0]!)
    return [...readings]
  }
  const one = readings.find(({ place }) => place === chosen.place)!
  const where = chosen.strays.map(({ folder, name }) => join(folder, name)).join(', ')
  const message = `git put the committed copy back: ${where}; this one counts`
  one.problems.push({ code: 'put-back-copy', message, line: 0, column: 0, blocks: false })
  return [one]
}

/** All of an item: its fields as data, and its body. Without fields, and null for the body, when it cannot be read. */
export async function readWhole(
  store: Store,
  place: ItemPlace,
): Promise<{ fields: Record<string, unknown>; body: string | null }> {
  const read = await readDocument(readPlainFile(store.host.disk, place.path).bytes)
  return read.kind === 'document' ? { fields: read.data, body: read.content } : { fields: {}, body: null }
}

/** @throws NeedsFullReader; null when the file went away */
function readHead(
  store: Store,
  place: ItemPlace,
  head: Buffer,
  full: FullReader | undefined,
  depth: Depth,
  keep?: (reading: ItemReading, stat: Stats) => void,
): ItemReading | null {
  const { disk } = store.host
  const wanted = WANTED[depth]
  let fd: number
  try {
    fd = openPlain(disk, place.path)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return null
    if (code === 'EACCES' || code === 'EPERM')
      return unusable(place, 'no-permission', `cannot be opened: permission denied (${code})`)
    return unusable(
      place,
      'not-a-file',
      code === 'ELOOP' ? 'it is a symbolic link' : `cannot be opened: ${code}`,
    )
  }
  try {
    const stat = keep && disk.fstatSync(fd)
    const length = disk.readSync(fd, head, 0, HEAD, 0)
    if (depth === 'choosing' && isClosed(undefined, place.folder)) {
      // Of what is closed, choosing asks nothing more; in these folders nearly everything is.
      const read = readFrontmatter(head, full, length < HEAD, STATUS_KEY, length)
      if (read.kind === 'ok' && isClosed(scalarText(findPair(read.map, 'status')?.value), place.folder)) {
        const reading = closedReading(place)
        if (stat) keep(reading, stat)
        return reading
      }
    }
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
    // It stands in for a lock's time that cannot be read, or that is too far ahead.
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

const EPOCH = new Date(0)

/** Who holds an item as its file alone tells it. */
export function inFileOnly(lock: Lock | null) {
  return {
    lock,
    inFile: lock,
    byRecord: false,
    foreign: null,
    takenOut: false,
    record: null,
    renewedAt: null,
    recordModified: EPOCH,
  }
}

/** Adds to a reading what the item's record says, and with it who holds the item. */
export function withRecord(reading: ItemReading, file: RecordFile | null): void {
  if (!file || file.reading.kind === 'none') return
  if (file.reading.kind === 'unreadable') {
    const message = `cannot tell who holds it: the record ${file.path} is unreadable (${file.reading.why})`
    const isNewer = file.reading.isNewer === true
    reading.problems.push({ code: 'unreadable-record', message, line: 0, column: 0, blocks: true, isNewer })
    return
  }
  const { record } = file.reading
  const renewedAt = record.renewedAt ? parseInstant(record.renewedAt) : null
  Object.assign(reading, holdingOf(reading.inFile, record), {
    record,
    renewedAt,
    recordModified: file.modified,
  })
}

export function interpret(
  store: Store,
  place: ItemPlace,
  found: ReturnType<typeof readFrontmatter>,
): ItemReading {
  if (found.kind === 'needsFull') throw new NeedsFullReader()
  if (found.kind === 'error') {
    const { reason, message, line, column } = found.error
    const code =
      reason === 'conflict'
        ? 'merge-conflict'
        : reason === 'none' || reason === 'empty'
          ? 'no-frontmatter'
          : 'unreadable'
    return unusable(place, code, message, line, column)
  }
  const { item, lock, problems } = interpretItem(place, found, store.settings.idPrefix)
  item.title = detached(item.title)
  if (lock) lock.by = detached(lock.by)
  return { place, item, ...inFileOnly(lock), problems, modified: EPOCH }
}

/** A closed item for those who only ask whether it is. */
export function closedReading(place: ItemPlace): ItemReading {
  return {
    place,
    item: { id: place.key, title: '', status: null, priority: null, closed: true },
    ...inFileOnly(null),
    problems: [],
    modified: EPOCH,
  }
}

function unusable(
  place: ItemPlace,
  code: Problem['code'],
  message: string,
  line = 0,
  column = 0,
): ItemReading {
  const id = displayOfFileName(place.name)
  return {
    place,
    item: { id, title: '', status: null, priority: null, closed: false },
    ...inFileOnly(null),
    problems: [{ code, message, line, column, blocks: true }],
    modified: EPOCH,
  }
}

/** How often an item must be found nowhere, or twice, to be so. */
const LOOKS = 3

/**
 * Where an item lies: one place, or several (then it is ambiguous). Folders are listed one after the other, so that
 * one look may miss an item that is just being moved, or find it twice.
 * @throws WrkError NOT_FOUND
 */
export function findItem(store: Store, id: ItemId): ItemPlace[] {
  let places: ItemPlace[] = []
  for (let look = 0; look < LOOKS && places.length !== 1; look++)
    places = placesOf(store.host.disk, store.root, id.key)
  if (places.length === 0) throw notFound(store, id)
  return places
}

export function notFound(store: Store, id: ItemId): WrkError {
  const places = itemPlaces(store.host.disk, store.root)
  const near = nearIds(
    id.key,
    places.map(({ key }) => key),
  ).map(key => printable(displayOfFileName(places.find(place => place.key === key)!.name), 60))
  return new WrkError('NOT_FOUND', `there is no item ${id.display} in ${store.root}`, {
    hint: `${didYouMean(near)}wrk list shows the items; wrk where shows which queue this is.`,
    details: { near },
  })
}
