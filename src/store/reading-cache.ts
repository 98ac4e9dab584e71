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
import type { Item, Problem } from '../core/item.ts'
import type { Disk } from './disk.ts'
import { codeOf, MISSING, unless } from './errno.ts'
import { readPlainFile } from './guarded-file.ts'
import type { ItemReading } from './item-reader.ts'
import type { ItemPlace } from './queue.ts'

/** Changes of the format, of how items are read, or of a setting that plays a part make old entries worthless. */
const FORMAT = 1
/** Coarser than any file system's times. */
const SETTLED_MS = 2_000
/** Rewriting all of it for a few changes would cost more than it saves. */
const WORTH_WRITING = 25

/** Folder, name, then what identifies the file's content, then what it says. Arrays, since they are quick to read. */
type Row = [
  folder: string,
  name: string,
  mtime: number,
  ctime: number,
  size: number,
  ino: number,
  /** Null for a closed item: nothing else is asked of it. */
  said: Said | null,
]

type Said = [
  item: Item,
  lock: [by: string, at: number | null] | null,
  problems: Problem[],
  blockedBy: readonly Reference[],
  machines: readonly string[],
  createdAt: number | null,
  notBefore: number | null,
]

interface CacheFile {
  format: number
  version: string
  rows: Row[]
}

export class ReadingCache {
  private readonly disk: Disk
  private readonly path: string
  private readonly version: string
  private readonly old: Row[]
  private byPlace: Map<string, number> | undefined
  private next = 0
  private readonly rows: Row[] = []
  private changed = 0

  /**
   * @param stateDir `.wrk`
   * @param version what reading depends on besides the file: settings
   */
  constructor(disk: Disk, stateDir: string, version: string) {
    this.disk = disk
    this.path = join(stateDir, 'cache', 'items.json')
    this.version = version
    this.old = load(disk, this.path, version)
  }

  /** What the file is known to say, null when it must be read. Places come in the order in which they were kept. */
  lookUp(place: ItemPlace, stat: Stats): ItemReading | null {
    const row = this.find(place)
    if (!row) return null
    const [, , mtime, ctime, size, ino, said] = row
    if (stat.mtimeMs !== mtime || stat.ctimeMs !== ctime || stat.size !== size || stat.ino !== ino)
      return null
    this.rows.push(row)
    return said ? openReading(place, said, stat) : closedReading(place)
  }

  private find({ folder, name }: ItemPlace): Row | undefined {
    const row = this.old[this.next]
    if (row && row[1] === name && row[0] === folder) {
      this.next++
      return row
    }
    this.byPlace ??= new Map(this.old.map((one, i) => [`${one[0]}/${one[1]}`, i]))
    const at = this.byPlace.get(`${folder}/${name}`)
    if (at === undefined) return undefined
    this.next = at + 1
    return this.old[at]
  }

  /** Keeps what was read, if it can be told from a later change. `stat` is from before the reading. */
  keep(place: ItemPlace, stat: Stats, reading: ItemReading, now: number): void {
    this.changed++
    if (now - Math.max(stat.mtimeMs, stat.ctimeMs) < SETTLED_MS) return
    const { mtimeMs, ctimeMs, size, ino } = stat
    this.rows.push([place.folder, place.name, mtimeMs, ctimeMs, size, ino, saidBy(reading)])
  }

  /** Writes it, where that is worth it. That it cannot be written is no reason to fail. */
  save(): void {
    const gone = this.old.length - this.rows.length
    if (this.changed + Math.max(0, gone) < WORTH_WRITING) return
    const { disk, path } = this
    const text = JSON.stringify({
      format: FORMAT,
      version: this.version,
      rows: this.rows,
    } satisfies CacheFile)
    const draft = `${path}.${process.pid}`
    try {
      disk.mkdirSync(join(path, '..'), { recursive: true })
      const fd = disk.openSync(draft, 'w', 0o600)
      try {
        const bytes = Buffer.from(text)
        for (let done = 0; done < bytes.length; ) done += disk.writeSync(fd, bytes, done)
      } finally {
        disk.closeSync(fd)
      }
      disk.renameSync(draft, path)
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      unless([...MISSING, 'EACCES', 'EROFS'], undefined, () => disk.unlinkSync(draft))
    }
  }
}

/** No rows when there is no file, or none that this wrk has written. */
function load(disk: Disk, path: string, version: string): Row[] {
  try {
    const file = JSON.parse(readPlainFile(disk, path).bytes.toString('utf8')) as CacheFile
    return file.format === FORMAT && file.version === version && Array.isArray(file.rows) ? file.rows : []
  } catch (error) {
    if (codeOf(error) === undefined && !(error instanceof SyntaxError)) throw error
    return []
  }
}

function saidBy({ item, lock, problems, details }: ItemReading): Said | null {
  if (item.closed && problems.length === 0) return null
  const { blockedBy, machines, createdAt, notBefore } = details ?? NO_DETAILS
  return [
    item,
    lock && [lock.by, lock.at?.getTime() ?? null],
    problems,
    blockedBy,
    machines,
    createdAt?.getTime() ?? null,
    notBefore?.getTime() ?? null,
  ]
}

const instant = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))

function openReading(place: ItemPlace, said: Said, stat: Stats): ItemReading {
  const [item, lock, problems, blockedBy, machines, createdAt, notBefore] = said
  const details: Details = {
    blockedBy,
    machines,
    createdAt: instant(createdAt),
    notBefore: instant(notBefore),
    parent: null,
    repos: [],
  }
  return {
    place,
    item,
    lock: lock && { by: lock[0], at: instant(lock[1]) },
    problems: problems.slice(),
    modified: stat.mtime,
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
