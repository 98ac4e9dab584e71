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
import { type Details, NO_DETAILS } from '../core/details.ts'
import { keyOfField } from '../core/ids.ts'
import { cachePath, readCache, SETTLED_MS, writeCache } from './cache-file.ts'
import type { Disk } from './disk.ts'
import { closedReading, type ItemReading, isBlocked } from './item-reader.ts'
import { lookAt } from './look.ts'
import type { ItemPlace } from './queue.ts'

/** The first line: changes of the format, of how items are read, or of a setting make old entries worthless. */
const FORMAT = 'wrk items 3'
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
  private readonly lines: string[] = []
  private readonly stamps: number[] = []
  private changed = 0

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
    const start = startOf(place)
    const at = this.find(start)
    const stat = at === undefined ? null : lookAt(this.disk, place.path)
    if (at === undefined || !stat || !hasStamp(stat, this.old.stamps, at * NUMBERS)) return null
    const line = this.old.lines[at]!
    const reading =
      line.length === start.length
        ? closedReading(place)
        : openReading(place, line.slice(start.length), stat, this.idPrefix)
    if (reading) this.add(line, stat)
    return reading
  }

  private find(start: string): number | undefined {
    const { lines } = this.old
    if (!lines[this.next]?.startsWith(start)) {
      this.byPlace ??= new Map(
        lines.map((line, i) => [line.slice(0, line.indexOf('\t', line.indexOf('\t') + 1) + 1), i]),
      )
      const at = this.byPlace.get(start)
      if (at === undefined) return undefined
      this.next = at
    }
    return this.next++
  }

  private add(line: string, { mtimeMs, ctimeMs, size, ino }: Stats): void {
    this.lines.push(line)
    this.stamps.push(mtimeMs, ctimeMs, size, ino)
  }

  /** Keeps what was read, if it can be told from a later change. `stat` is of the open file, from before it was read. */
  keep(place: ItemPlace, stat: Stats, reading: ItemReading, now: number): void {
    if (now - Math.max(stat.mtimeMs, stat.ctimeMs) < SETTLED_MS) return
    const said = reading.item.closed ? '' : saidBy(reading)
    if (said === null) return
    this.changed++
    this.add(startOf(place) + said, stat)
  }

  /** Writes it, where that is worth it. That it cannot be written is no reason to fail. */
  save(): void {
    const gone = this.old.lines.length - this.lines.length
    if (this.changed + Math.max(0, gone) < WORTH_WRITING) return
    const { disk, path, heading, lines, stamps } = this
    const text = `${heading} ${lines.length}\n${lines.map(line => `${line}\n`).join('')}`
    const numbers = new Uint8Array(new Float64Array(stamps).buffer)
    writeCache(disk, path, Buffer.concat([Buffer.from(text), numbers]))
  }
}

function startOf({ folder, name }: ItemPlace): string {
  return `${folder}\t${name}\t`
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

/** A line feed would end the line, and half a character is no text. */
const NO_LINE = /[\n\ud800-\udfff]/u

/** What an open item says, between tabs. Null when that cannot be kept; one with a tab in it shows when it is read. */
function saidBy(reading: ItemReading): string | null {
  if (isBlocked(reading)) return null
  const { item, lock, details = NO_DETAILS } = reading
  const said = [
    item.id,
    item.title,
    item.status,
    item.priority,
    lock?.by,
    lock?.at?.getTime(),
    details.createdAt,
    details.notBefore,
    // Commas divide such words already where they are read.
    details.machines.join(','),
    details.blockedBy.map(({ text }) => text).join(','),
  ].join('\t')
  return NO_LINE.test(said) ? null : said
}

type Fields = [string, string, string, string, string, string, string, string, string, string]

/** Null when that is not what saidBy has written. */
function openReading(place: ItemPlace, said: string, stat: Stats, idPrefix: string): ItemReading | null {
  const fields = said.split('\t')
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
    lock: by === '' ? null : { by, at: at === '' ? null : new Date(Number(at)) },
    problems: [],
    // Asked for only where there is a lock; making a date takes a while.
    modified: by === '' ? EPOCH : stat.mtime,
    details,
  }
}

function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split(',')
}

const EPOCH = new Date(0)
