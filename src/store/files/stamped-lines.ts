/**
 * Lines about files, kept in `.wrk/cache`, so that a file that did not change need not be read again.
 *
 * Guarantees: a line is used only for a file with the same inode, size, modification and change time as when it was
 * read, so it never shows what the file does not say. A file that changed within the last two seconds before it was
 * read is not kept: a second change might leave the same times. Nobody can set the change time back.
 * Of a folder whose files are only ever put in place as a whole, by a rename, the folder's own times tell that none of
 * them changed: then a line is used without a look at its file.
 * Does not guarantee: to notice that a file of such a folder was written in place. Nor: to be there. It only saves time, is written without a guard, and may be deleted.
 */
import type { Stats } from 'node:fs'
import { unless } from '../../core/errno.ts'
import { readCache, SETTLED_MS, writeCache } from './cache-file.ts'
import type { Disk } from './disk.ts'
import { lookAt } from './look.ts'

/** Rewriting all of it for a few changes would cost more than it saves. */
const WORTH_WRITING = 25

/** Numbers that identify a file's content; they come after all lines, as they are in memory, in the lines' order. */
const NUMBERS = 4

/** A line of a file that is as it was. */
export interface StampedLine {
  rest: string
  stat: Stats
}

/** One line for each file: its name, which ends with a tab, then what is kept of it. */
export class StampedLines {
  private readonly disk: Disk
  private readonly path: string
  private readonly heading: string
  private readonly old: Kept
  private byName: Map<string, number> | undefined
  private next = 0
  /** What is to be kept, in order: old entries by their index, new ones by its complement. */
  private readonly order: number[] = []
  private readonly lines: string[] = []
  private readonly stamps: number[] = []
  private readonly nameTabs: 1 | 2
  /** How the folder was before anything in it was looked at; null where its times say nothing. */
  private readonly folder: Stats | null
  /** Nothing in the folder changed since all lines were right. */
  private readonly isUnchanged: boolean

  /**
   * @param heading the first line: changes of it make old entries worthless
   * @param nameTabs how many tabs a name has
   * @param folder the folder of all the files, where they are only ever put in place by a rename
   */
  constructor(disk: Disk, path: string, heading: string, nameTabs: 1 | 2, folder?: string) {
    this.disk = disk
    this.path = path
    this.heading = heading
    this.nameTabs = nameTabs
    this.folder = folder === undefined ? null : settledFolder(disk, folder)
    this.old = load(disk, path, heading)
    this.isUnchanged = this.folder !== null && this.old.folder === folderStamp(this.folder)
  }

  /** What is kept of a file; null when it must be read. Files come in the order in which they were kept. */
  find(name: string, path: string): StampedLine | null {
    const at = this.indexOf(name)
    const stat = at < 0 ? null : lookAt(this.disk, path)
    if (!stat || !hasStamp(stat, this.old.stamps, at * NUMBERS)) return null
    this.order.push(at)
    return { rest: this.old.lines[at]!.slice(name.length), stat }
  }

  /** The same without the file's times, and without a look at it where its folder tells that it is as it was. */
  findRest(name: string, path: string): string | null {
    if (!this.isUnchanged) return this.find(name, path)?.rest ?? null
    const at = this.indexOf(name)
    if (at < 0) return null
    this.order.push(at)
    return this.old.lines[at]!.slice(name.length)
  }

  /** Takes back that the line found last is to be kept. */
  dropFound(): void {
    this.order.pop()
  }

  private indexOf(name: string): number {
    const { lines } = this.old
    if (lines[this.next]?.startsWith(name) !== true) {
      this.byName ??= new Map(lines.map((line, i) => [this.nameOf(line), i]))
      const at = this.byName.get(name)
      if (at === undefined) return -1
      this.next = at
    }
    return this.next++
  }

  private nameOf(line: string): string {
    const first = line.indexOf('\t') + 1
    return line.slice(0, this.nameTabs === 1 ? first : line.indexOf('\t', first) + 1)
  }

  /**
   * Keeps what was read, if a later change would show.
   * @param rest without a line feed
   * @param stat of the open file, from before it was read
   * @param now when reading began, or earlier
   */
  keep(name: string, rest: string, stat: Stats, now: number): void {
    if (!isSettled(stat, now)) return
    this.order.push(~this.lines.length)
    this.lines.push(name + rest)
    this.stamps.push(stat.mtimeMs, stat.ctimeMs, stat.size, stat.ino)
  }

  /** Writes it, where that is worth it. That it cannot be written is no reason to fail. */
  save(): void {
    const { disk, path, heading, order, old, lines, stamps } = this
    const gone = Math.max(0, old.lines.length - order.length)
    const isAsBefore = this.folder === null || this.isUnchanged || order.length < WORTH_WRITING
    if (isAsBefore && lines.length + gone < WORTH_WRITING) return
    const numbers = new Float64Array(order.length * NUMBERS)
    let text = ''
    let youngest = 0
    for (const [i, at] of order.entries()) {
      const isNew = at < 0
      const entry = isNew ? ~at : at
      text += `${(isNew ? lines : old.lines)[entry]}\n`
      for (let k = 0; k < NUMBERS; k++)
        numbers[i * NUMBERS + k] = (isNew ? stamps : old.stamps)[entry * NUMBERS + k]!
      youngest = Math.max(youngest, numbers[i * NUMBERS]!, numbers[i * NUMBERS + 1]!)
    }
    const folder = this.folder && tellsChanges(this.folder, youngest) ? folderStamp(this.folder) : ''
    const first = `${heading} ${order.length} ${folder}\n`
    writeCache(disk, path, Buffer.concat([Buffer.from(first + text), new Uint8Array(numbers.buffer)]))
  }
}

/** Null unless it can be looked at and has been as it is for long enough; on Windows the times of a folder do not tell of every change. */
function settledFolder(disk: Disk, folder: string): Stats | null {
  const now = Date.now()
  const stat = process.platform === 'win32' ? null : unless(HIDDEN, null, () => lookAt(disk, folder))
  return stat?.isDirectory() && isSettled(stat, now) ? stat : null
}

const HIDDEN = ['EACCES', 'EPERM']

function folderStamp({ ino, mtimeMs, ctimeMs }: Stats): string {
  return `${ino},${mtimeMs},${ctimeMs}`
}

/** Not where a file is younger: it was written in place, or this file system keeps no times of folders. */
function tellsChanges({ mtimeMs }: Stats, youngest: number): boolean {
  return youngest - mtimeMs < SETTLED_MS
}

/** Whether a file has been as it is for long enough to be kept. */
export function isSettled({ mtimeMs, ctimeMs }: Stats, now: number): boolean {
  return now - Math.max(mtimeMs, ctimeMs) >= SETTLED_MS
}

function hasStamp({ mtimeMs, ctimeMs, size, ino }: Stats, stamps: Float64Array, at: number): boolean {
  return (
    stamps[at] === mtimeMs && stamps[at + 1] === ctimeMs && stamps[at + 2] === size && stamps[at + 3] === ino
  )
}

interface Kept {
  lines: string[]
  stamps: Float64Array
  /** The stamp of their folder when all lines were right; '' where that is not known. */
  folder: string
}

/** Nothing when there is no file, or none that this wrk has written whole. */
function load(disk: Disk, path: string, heading: string): Kept {
  const nothing = { lines: [], stamps: new Float64Array(), folder: '' }
  const bytes = readCache(disk, path)
  const begin = bytes.indexOf('\n') + 1
  const first = bytes.toString('utf8', 0, begin)
  if (!first.startsWith(`${heading} `)) return nothing
  const [number = '', folder = ''] = first.slice(heading.length + 1, -1).split(' ')
  const count = Number(number)
  const end = bytes.length - count * NUMBERS * Float64Array.BYTES_PER_ELEMENT
  if (!(count >= 0 && end >= begin)) return nothing
  const lines = bytes.toString('utf8', begin, end).split('\n')
  // Behind the last line feed there is nothing.
  if (lines.pop() !== '' || lines.length !== count) return nothing
  const stamps = new Float64Array(count * NUMBERS)
  new Uint8Array(stamps.buffer).set(bytes.subarray(end))
  return { lines, stamps, folder }
}
