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
import { join } from 'node:path'
import { type Details, NO_DETAILS, type Reference } from '../core/details.ts'
import type { Problem } from '../core/item.ts'
import type { Disk } from './disk.ts'
import { isFailure, MISSING, unless } from './errno.ts'
import { readPlainFile } from './guarded-file.ts'
import type { ItemReading } from './item-reader.ts'
import type { ItemPlace } from './queue.ts'
import { writeAll } from './write.ts'

/** The first line: changes of the format, of how items are read, or of a setting make old entries worthless. */
const FORMAT = 'wrk items 1'
/** Coarser than any file system's times. */
const SETTLED_MS = 2_000
/** Rewriting all of it for a few changes would cost more than it saves. */
const WORTH_WRITING = 25

/** What an item that is not closed says, as it is kept. */
type Said = [
  id: string,
  title: string,
  status: string | null,
  priority: string | null,
  closed: boolean,
  lockedBy: string | null,
  lockedAt: number | null,
  problems: Problem[] | null,
  blockedBy: readonly Reference[],
  machines: readonly string[],
  createdAt: string | null,
  notBefore: string | null,
]

/**
 * One line for each item: place, then what identifies the file's content, then what it says, all between tabs; names
 * of items hold no control characters. Of a closed item nothing more is asked, so its line ends there. Lines are
 * compared before they are taken apart, since most are only passed by.
 */
export class ReadingCache {
  private readonly disk: Disk
  private readonly path: string
  private readonly heading: string
  private readonly old: string[]
  private byPlace: Map<string, number> | undefined
  private next = 0
  private readonly lines: string[]
  private changed = 0

  /**
   * @param stateDir `.wrk`
   * @param version what reading depends on besides the file: settings
   */
  constructor(disk: Disk, stateDir: string, version: string) {
    this.disk = disk
    this.path = join(stateDir, 'cache', 'items')
    this.heading = `${FORMAT} ${version}`
    this.old = load(disk, this.path, this.heading)
    this.lines = [this.heading]
  }

  /** What the file is known to say, null when it must be read. Places come in the order in which they were kept. */
  lookUp(place: ItemPlace): ItemReading | null {
    const start = startOf(place)
    const line = this.find(start)
    const stat = line === undefined ? null : unless(MISSING, null, () => this.disk.lstatSync(place.path))
    if (line === undefined || !stat) return null
    const known = start + stampOf(stat)
    if (!line.startsWith(known)) return null
    this.lines.push(line)
    if (line.length === known.length) return closedReading(place)
    return openReading(place, JSON.parse(line.slice(known.length)) as Said, stat)
  }

  private find(start: string): string | undefined {
    const line = this.old[this.next]
    if (line?.startsWith(start)) {
      this.next++
      return line
    }
    this.byPlace ??= new Map(
      this.old.map((one, i) => [one.slice(0, one.indexOf('\t', one.indexOf('\t') + 1) + 1), i]),
    )
    const at = this.byPlace.get(start)
    if (at === undefined) return undefined
    this.next = at + 1
    return this.old[at]
  }

  /** Keeps what was read, if it can be told from a later change. `stat` is of the open file, from before it was read. */
  keep(place: ItemPlace, stat: Stats, reading: ItemReading, now: number): void {
    this.changed++
    if (now - Math.max(stat.mtimeMs, stat.ctimeMs) < SETTLED_MS) return
    const said = saidBy(reading)
    this.lines.push(startOf(place) + stampOf(stat) + (said ? JSON.stringify(said) : ''))
  }

  /** Writes it, where that is worth it. That it cannot be written is no reason to fail. */
  save(): void {
    const gone = this.old.length - this.lines.length
    if (this.changed + Math.max(0, gone) < WORTH_WRITING) return
    const { disk, path } = this
    const draft = `${path}.${process.pid}`
    try {
      disk.mkdirSync(join(path, '..'), { recursive: true })
      const fd = disk.openSync(draft, 'w', 0o600)
      try {
        writeAll(disk, fd, Buffer.from(`${this.lines.join('\n')}\n`), path)
      } finally {
        disk.closeSync(fd)
      }
      disk.renameSync(draft, path)
    } catch (error) {
      if (!isFailure(error)) throw error
      unless([...MISSING, 'EACCES', 'EROFS'], undefined, () => disk.unlinkSync(draft))
    }
  }
}

function startOf({ folder, name }: ItemPlace): string {
  return `${folder}\t${name}\t`
}

/** Whole milliseconds do: a later change is seconds away from the one that was kept. */
function stampOf({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return `${Math.trunc(mtimeMs)}\t${Math.trunc(ctimeMs)}\t${size}\t${ino}\t`
}

/** No lines when there is no file, or none that this wrk has written whole. */
function load(disk: Disk, path: string, heading: string): string[] {
  try {
    const text = readPlainFile(disk, path).bytes.toString('utf8')
    const lines = text.startsWith(`${heading}\n`) ? text.slice(heading.length + 1).split('\n') : []
    // Behind the last line feed there is nothing.
    return lines.pop() === '' ? lines : []
  } catch (error) {
    if (!isFailure(error)) throw error
    return []
  }
}

function saidBy({ item, lock, problems, details }: ItemReading): Said | null {
  if (item.closed && problems.length === 0) return null
  const { id, title, status, priority, closed } = item
  const { blockedBy, machines, createdAt, notBefore } = details ?? NO_DETAILS
  return [
    id,
    title,
    status,
    priority,
    closed,
    lock?.by ?? null,
    lock?.at?.getTime() ?? null,
    problems.length > 0 ? problems : null,
    blockedBy,
    machines,
    createdAt,
    notBefore,
  ]
}

function openReading(place: ItemPlace, said: Said, stat: Stats): ItemReading {
  const [id, title, status, priority, closed, by, at, problems, blockedBy, machines, createdAt, notBefore] =
    said
  const details: Details = { blockedBy, machines, createdAt, notBefore, parent: null, repos: [] }
  return {
    place,
    item: { id, title, status, priority, closed },
    lock: by === null ? null : { by, at: at === null ? null : new Date(at) },
    problems: problems ?? [],
    // Asked for only where there is a lock; making a date takes a while.
    modified: by === null ? EPOCH : stat.mtime,
    details,
  }
}

function closedReading(place: ItemPlace): ItemReading {
  return {
    place,
    item: { id: place.key, title: '', status: null, priority: null, closed: true },
    lock: null,
    problems: [],
    modified: EPOCH,
  }
}

const EPOCH = new Date(0)
