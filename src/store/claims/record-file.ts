/**
 * Records of items on disk, one small file each in `.wrk/claims`. Read at any time; replaced under the item's guard only,
 * by publish-item.ts, so what was read inside a guard stays so until it is published.
 */
import { join, sep } from 'node:path'
import { type ItemRecord, parseRecord, type RecordReading } from '../../core/claims/record.ts'
import { codeOf, MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import type { Disk } from '../files/disk.ts'
import { openPlain, readOpen } from '../files/guarded-file.ts'
import type { StampedLines } from '../files/stamped-lines.ts'
import { keptLine, keptRecord } from './kept-record.ts'

export interface RecordFile {
  path: string
  reading: RecordReading
  /** Null when there is no file. */
  inode: number | null
  modified: Date
}

const NEVER = new Date(0)

function recordPath(stateDir: string, key: ItemKey): string {
  return join(stateDir, 'claims', key)
}

/** An item's record. Whatever is wrong with the file is a result: it is never free then. System errors pass. */
export function readRecord(disk: Disk, stateDir: string, key: ItemKey): RecordFile {
  const path = recordPath(stateDir, key)
  const unreadable = (why: string) =>
    ({ path, reading: { kind: 'unreadable', why }, inode: null, modified: NEVER }) as const
  try {
    const file = unless(MISSING, null, () => readOpen(disk, path))
    if (!file) return { path, reading: { kind: 'none' }, inode: null, modified: NEVER }
    disk.closeSync(file.fd)
    const { bytes, stat, modified } = file
    return { path, reading: parseRecord(bytes.toString('utf8')), inode: Number(stat.ino), modified }
  } catch (error) {
    if (error instanceof WrkError) return unreadable('not a regular file')
    const code = codeOf(error)
    if (code === 'ELOOP' || code === 'EMLINK') return unreadable('a symbolic link')
    if (code === 'EACCES' || code === 'EPERM') return unreadable('permission denied')
    throw error
  }
}

/** The record itself; null without one. @throws WrkError INVALID_ITEM when it cannot be read */
export function soundRecord(id: string, { path, reading }: RecordFile): ItemRecord | null {
  if (reading.kind === 'unreadable') throw unreadableRecord(id, path, reading.why, reading.isNewer)
  return reading.kind === 'record' ? reading.record : null
}

function unreadableRecord(id: string, path: string, why: string, isNewer = false): WrkError {
  return new WrkError(
    'INVALID_ITEM',
    `cannot tell who holds ${id}: its record ${path} is unreadable (${why})`,
    {
      hint: isNewer
        ? 'Update wrk: a session with the newer version may hold it.'
        : 'If nobody works on it: wrk doctor --fix (sets the record aside)',
      details: { path, record: why },
    },
  )
}

/** The records of many items at one moment: the folder is listed once, and only what is asked for is read. */
export class Records {
  readonly #disk: Disk
  readonly #stateDir: string
  readonly #folder: string
  readonly #buffer = Buffer.allocUnsafe(LONGEST_USUAL)
  readonly #now = Date.now()
  readonly #cache: StampedLines | undefined
  #names: ReadonlySet<string> | undefined

  /** @param cache what they said the last time; what is read goes there too */
  constructor(disk: Disk, stateDir: string, cache?: StampedLines) {
    this.#disk = disk
    this.#stateDir = stateDir
    this.#folder = join(stateDir, 'claims', sep)
    this.#cache = cache
  }

  /** Null for an item that has none. */
  of(key: ItemKey): RecordFile | null {
    if (!this.keys().has(key)) return null
    const kept = this.#cache?.findRest(`${key}\t`, this.#folder + key) ?? null
    const record = kept === null ? null : keptRecord(kept)
    if (record && isUsable(record.lockedAt) && isUsable(record.renewedAt))
      return { path: this.#folder + key, reading: { kind: 'record', record }, inode: null, modified: NEVER }
    return this.#quickly(key) ?? readRecord(this.#disk, this.#stateDir, key)
  }

  keys(): ReadonlySet<string> {
    this.#names ??= new Set(unless(MISSING, [], () => this.#disk.readdirSync(join(this.#stateDir, 'claims'))))
    return this.#names
  }

  /** Into one buffer for all, without looking more than needed: there may be thousands. Null where that is not enough. */
  #quickly(key: ItemKey): RecordFile | null {
    const path = this.#folder + key
    let fd: number
    try {
      fd = openPlain(this.#disk, path)
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      return null
    }
    try {
      const stat = this.#cache && this.#disk.fstatSync(fd)
      const length = this.#disk.readSync(fd, this.#buffer, 0, LONGEST_USUAL, 0)
      if (length === LONGEST_USUAL) return null
      const text = this.#buffer.toString('utf8', 0, length)
      const reading = parseRecord(text)
      if (reading.kind !== 'record') return null
      const { record } = reading
      if (!isUsable(record.lockedAt) || !isUsable(record.renewedAt)) return null
      // As wrk writes it, a record is one line.
      if (stat && text.indexOf('\n') === text.length - 1)
        this.#cache?.keep(`${key}\t`, keptLine(record, text), stat, this.#now)
      return { path, reading, inode: null, modified: NEVER }
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      return null
    } finally {
      this.#disk.closeSync(fd)
    }
  }
}

const LONGEST_USUAL = 4096

/** Of any other, the file's own time counts: then the file has to be read. */
function isUsable(time: string | null): boolean {
  return time === null || Date.parse(time) <= Date.now()
}
