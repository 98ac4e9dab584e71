/** Items on disk: finding and reading them. Whatever is wrong with a file becomes its problem, and is not thrown. */
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import type { ItemId, ItemKey } from '../../core/items/ids.ts'
import type { FullReader } from '../../markdown/frontmatter.ts'
import { Records, readRecord } from '../claims/record-file.ts'
import { NeedsFullReader, withReaders } from '../readers.ts'
import type { Store } from '../store.ts'
import { isUnshown } from './file-mark.ts'
import { type ItemReading, withRecord } from './item-reading.ts'
import { findItem, notFound } from './places/find-item.ts'
import { type ItemPlace, itemPlaces, placesOf } from './places/item-places.ts'
import { placeByRecord } from './places/two-places.ts'
import { type Depth, HEAD, readHead } from './read-item-file.ts'
import type { ReadingCache } from './reading-cache.ts'

/** Reads items, in order. Whatever is wrong with a file becomes its problem; one that went away is left out. */
export function readItems(
  store: Store,
  places: readonly ItemPlace[],
  depth: Depth = 'usual',
): Promise<ItemReading[]> {
  return readEach(store, places, depth, undefined, reading => reading)
}

/**
 * Reads every item of the queue. An id with several files is a problem of each of them.
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
  const records = places.length > FEW ? new Records(host.disk, stateDir, cache?.records) : null
  const recordOf = (key: ItemKey) => (records ? records.of(key) : readRecord(host.disk, stateDir, key))
  const read = (place: ItemPlace, full: FullReader | undefined): ItemReading | null => {
    const reading = cache?.lookUp(place) ?? readHead(store, place, head, full, depth, keep)
    // What is closed and shows no lock is nobody's: of a long-lived queue that is nearly everything.
    if (reading && (reading.inFile || !reading.item.closed || !records)) {
      withRecord(reading, recordOf(place.key))
      if (reading.takenOut && reading.record)
        reading.isUnshown = isUnshown(host.disk, place.path, reading.record)
    }
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
  const message = `the id is also in another place: ${join(other.place.folder, other.place.name)}`
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

/** One sentence about copies that git put back where an item was before wrk moved it. */
export function putBackCopy(id: string, copies: readonly ItemPlace[]): string {
  return `git put the committed copy of ${id} back: ${pathsOf(copies)}; the other one counts. To remove it: wrk doctor --fix`
}

const pathsOf = (places: readonly ItemPlace[]) =>
  places.map(({ folder, name }) => join(folder, name)).join(', ')

/** Several files of one id: of a copy that git put back, the other counts; else each is ambiguous. */
export function settleCopies(store: Store, readings: readonly ItemReading[]): ItemReading[] {
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
  const message = `git put the committed copy back: ${pathsOf(chosen.strays)}; this one counts`
  one.problems.push({ code: 'put-back-copy', message, line: 0, column: 0, blocks: false })
  return [one]
}
