/**
 * What was read of items when something last went through all of them, kept in `.wrk/cache`, so that an item whose
 * file did not change need not be opened again.
 *
 * Guarantees: an entry is used only for a file with the same inode, size, modification and change time as when it was
 * read, so it never tells what the file does not say. A file that changed within the last two seconds before it was
 * read is not kept: a second change might leave the same times. Nobody can set the change time back.
 * Does not guarantee: to be there. It only saves time, is written without a guard, and may be deleted.
 */
import type { Stats } from 'node:fs'
import { type Details, NO_DETAILS } from '../../core/items/details.ts'
import { keyOfField } from '../../core/items/ids.ts'
import { cachePath, readCache, SETTLED_MS, writeCache } from '../files/cache-file.ts'
import type { Disk } from '../files/disk.ts'
import { lookAt } from '../files/look.ts'
import { closedReading, EPOCH, type ItemReading, inFileOnly, isBlocked } from './item-reading.ts'
import type { ItemPlace } from './places/item-places.ts'

/** The first line: changes of the format, of how items are read, or of a setting make old entries worthless. */
const FORMAT = 'wrk items 6'
/** Rewriting all of it for a few changes would cost more than it saves. */
const WORTH_WRITING = 25

/** Numbers that identify a file's content; behind all lines they stand as they lie in memory, in the lines' order. */
const NUMBERS = 4

/**
 * One line for each item: place, then what it says, all between tabs; names of items hold no control characters. Of
 * a closed item nothing more is asked, so its line ends with the place. An item that must be mended is not kept, nor
 * one that a line cannot hold.
 */
export class ReadingCache {
  private readonly disk: Disk
  private readonly path: string
  private readonly heading: string
  private readonly idPrefix: string
  private readonly old: Kept
  private byPlace: Map<string, number> | undefined
  private next = 0
  /** What is to be kept, in order: old entries by their index, new ones by its complement. */
  private readonly order: number[] = []
  private readonly lines: string[] = []
  private readonly stamps: number[] = []

  /**
   * @param stateDir `.wrk`
   * @param idPrefix the setting that reading depends on besides the file
   */
  constructor(disk: Disk, stateDir: string, idPrefix: string) {
    this.disk = disk
    this.path = cachePath(stateDir, 'items')
    this.heading = `${FORMAT} ${idPrefix}`
    this.idPrefix = idPrefix
    this.old = load(disk, this.path, this.heading)
  }

  /** What the file is known to say, null when it must be read. Places come in the order in which they were kept. */
  lookUp(place: ItemPlace): ItemReading | null {
    const at = this.find(place)
    const stat = at === undefined ? null : lookAt(this.disk, place.path)
    if (at === undefined || !stat || !hasStamp(stat, this.old.stamps, at * NUMBERS)) return null
    const line = this.old.lines[at]!
    const startLength = place.folder.length + place.name.length + 2
    const reading =
      line.length === startLength
        ? closedReading(place)
        : openReading(place, line.slice(startLength), stat, this.idPrefix)
    if (reading) this.order.push(at)
    return reading
  }

  private find(place: ItemPlace): number | undefined {
    const { lines } = this.old
    if (!isOf(lines[this.next], place)) {
      this.byPlace ??= new Map(
        lines.map((line, i) => [line.slice(0, line.indexOf('\t', line.indexOf('\t') + 1) + 1), i]),
      )
      const at = this.byPlace.get(startOf(place))
      if (at === undefined) return undefined
      this.next = at
    }
    return this.next++
  }

  /** Keeps what was read, if it can be told from a later change. `stat` is of the open file, from before it was read. */
  keep(place: ItemPlace, stat: Stats, reading: ItemReading, now: number): void {
    if (now - Math.max(stat.mtimeMs, stat.ctimeMs) < SETTLED_MS) return
    const rest = reading.item.closed ? '' : lineEnd(reading)
    if (rest === null) return
    this.order.push(~this.lines.length)
    this.lines.push(startOf(place) + rest)
    this.stamps.push(stat.mtimeMs, stat.ctimeMs, stat.size, stat.ino)
  }

  /** Writes it, where that is worth it. That it cannot be written is no reason to fail. */
  save(): void {
    const { disk, path, heading, order, old, lines, stamps } = this
    const gone = Math.max(0, old.lines.length - order.length)
    if (lines.length + gone < WORTH_WRITING) return
    const numbers = new Float64Array(order.length * NUMBERS)
    let text = `${heading} ${order.length}\n`
    for (const [i, at] of order.entries()) {
      const isNew = at < 0
      const entry = isNew ? ~at : at
      text += `${(isNew ? lines : old.lines)[entry]}\n`
      for (let k = 0; k < NUMBERS; k++)
        numbers[i * NUMBERS + k] = (isNew ? stamps : old.stamps)[entry * NUMBERS + k]!
    }
    writeCache(disk, path, Buffer.concat([Buffer.from(text), new Uint8Array(numbers.buffer)]))
  }
}

function startOf({ folder, name }: ItemPlace): string {
  return `${folder}\t${name}\t`
}

/** Whether a line is of a place: that it begins as startOf says, without making thousands of texts to compare. */
function isOf(line: string | undefined, { folder, name }: ItemPlace): boolean {
  return (
    line?.startsWith(folder) === true &&
    line.startsWith(name, folder.length + 1) &&
    line[folder.length] === '\t' &&
    line[folder.length + 1 + name.length] === '\t'
  )
}

function hasStamp({ mtimeMs, ctimeMs, size, ino }: Stats, stamps: Float64Array, at: number): boolean {
  return (
    stamps[at] === mtimeMs && stamps[at + 1] === ctimeMs && stamps[at + 2] === size && stamps[at + 3] === ino
  )
}

interface Kept {
  lines: string[]
  stamps: Float64Array
}

/** Nothing when there is no file, or none that this wrk has written whole. */
function load(disk: Disk, path: string, heading: string): Kept {
  const nothing = { lines: [], stamps: new Float64Array() }
  const bytes = readCache(disk, path)
  const begin = bytes.indexOf('\n') + 1
  const first = bytes.toString('utf8', 0, begin)
  if (!first.startsWith(`${heading} `)) return nothing
  const count = Number(first.slice(heading.length))
  const end = bytes.length - count * NUMBERS * Float64Array.BYTES_PER_ELEMENT
  if (!(count >= 0 && end >= begin)) return nothing
  const lines = bytes.toString('utf8', begin, end).split('\n')
  // Behind the last line feed there is nothing.
  if (lines.pop() !== '' || lines.length !== count) return nothing
  const stamps = new Float64Array(count * NUMBERS)
  new Uint8Array(stamps.buffer).set(bytes.subarray(end))
  return { lines, stamps }
}

/** What an open item says, between tabs. Null when a line cannot hold it; one with a tab in it shows when it is read. */
function lineEnd(reading: ItemReading): string | null {
  if (isBlocked(reading)) return null
  const { item, inFile: lock, details = NO_DETAILS } = reading
  const { createdAt, notBefore, machines, blockedBy } = details
  const times = `${lock?.at?.getTime() ?? ''}\t${createdAt ?? ''}\t${notBefore ?? ''}`
  // Commas divide such words already where they are read.
  const lists = `${machines.join(',')}\t${blockedBy.map(({ text }) => text).join(',')}`
  const line = `${item.id}\t${item.title}\t${item.status ?? ''}\t${item.priority ?? ''}\t${lock?.by ?? ''}\t${times}\t${lists}`
  // Half of a character that needs two is no text.
  return line.includes('\n') || !line.isWellFormed() ? null : line
}

type Fields = [string, string, string, string, string, string, string, string, string, string]

/** Null when that is not what lineEnd has written. */
function openReading(place: ItemPlace, rest: string, stat: Stats, idPrefix: string): ItemReading | null {
  const fields = rest.split('\t')
  if (fields.length !== 10) return null
  const [id, title, status, priority, by, at, createdAt, notBefore, machines, blockedBy] = fields as Fields
  const details: Details = {
    blockedBy: wordsOf(blockedBy).map(text => ({ text, key: keyOfField(text, idPrefix) })),
    machines: wordsOf(machines),
    createdAt: createdAt || null,
    notBefore: notBefore || null,
    parent: null,
    repos: [],
  }
  return {
    place,
    item: { id, title, status: status || null, priority: priority || null, closed: false },
    ...inFileOnly(by === '' ? null : { by, at: at === '' ? null : new Date(Number(at)) }),
    problems: [],
    // Asked for only where there is a lock; making a date takes a while.
    modified: by === '' ? EPOCH : stat.mtime,
    details,
  }
}

function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split(',')
}
