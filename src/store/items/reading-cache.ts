/**
 * What was read of items when something last went through all of them, so that an item whose file did not change need
 * not be opened again (files/stamped-lines.ts: when a line may be used).
 */
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { type Details, NO_DETAILS } from '../../core/items/details.ts'
import { keyOfField } from '../../core/items/ids.ts'
import { cachePath } from '../files/cache-file.ts'
import type { Disk } from '../files/disk.ts'
import { isSettled, StampedLines } from '../files/stamped-lines.ts'
import type { Store } from '../store.ts'
import { closedReading, EPOCH, type ItemReading, inFileOnly, isBlocked } from './item-reading.ts'
import type { ItemPlace } from './places/item-places.ts'

/** The first line: changes of the format, of how items are read, or of a setting make old entries worthless. */
const FORMAT = { choosing: 'wrk items 6', usual: 'wrk listing 1' }
const RECORDS = 'wrk records 2'

/**
 * One line for each item: place, then what it says, all between tabs; names of items hold no control characters. For
 * choosing, nothing more is asked of a closed item, so its line ends with the place; for listing and status, what a
 * line holds is the same for all. An item that needs a repair is not kept, nor one that a line cannot hold.
 */
export class ReadingCache {
  /** What their records said. */
  readonly records: StampedLines
  private readonly lines: StampedLines
  private readonly idPrefix: string
  private readonly depth: 'usual' | 'choosing'

  /**
   * @param stateDir `.wrk`
   * @param idPrefix the setting that reading depends on besides the file
   * @param depth how much was read of the items; each has a file of its own
   */
  constructor(disk: Disk, stateDir: string, idPrefix: string, depth: 'usual' | 'choosing') {
    const path = cachePath(stateDir, depth === 'choosing' ? 'items' : 'listing')
    this.lines = new StampedLines(disk, path, `${FORMAT[depth]} ${idPrefix}`, 2)
    // Only wrk writes records, and always puts a whole new file in place.
    this.records = new StampedLines(
      disk,
      cachePath(stateDir, 'records'),
      RECORDS,
      1,
      join(stateDir, 'claims'),
    )
    this.depth = depth
    this.idPrefix = idPrefix
  }

  /** What the file is known to say, null when it must be read. Places come in the order in which they were kept. */
  lookUp(place: ItemPlace): ItemReading | null {
    const line = this.lines.find(nameOf(place), place.path)
    if (!line) return null
    const { rest, stat } = line
    const reading =
      this.depth === 'usual'
        ? usualReading(place, rest, stat)
        : rest === ''
          ? closedReading(place)
          : openReading(place, rest, stat, this.idPrefix)
    if (!reading) this.lines.dropFound()
    return reading
  }

  /** Keeps what was read, if a later change would be noticed. `stat` is of the open file, from before it was read. */
  keep(place: ItemPlace, stat: Stats, reading: ItemReading, now: number): void {
    if (!isSettled(stat, now)) return
    const rest =
      this.depth === 'usual' ? usualLine(reading) : reading.item.closed ? '' : choosingLine(reading)
    if (rest !== null) this.lines.keep(nameOf(place), rest, stat, now)
  }

  /** Writes it, where that is worth it. That it cannot be written is no reason to fail. */
  save(): void {
    this.lines.save()
    this.records.save()
  }
}

/** What was read of items when somebody last went through all of them. */
export function cacheOf({ host, stateDir, settings }: Store, depth: 'usual' | 'choosing'): ReadingCache {
  return new ReadingCache(host.disk, stateDir, settings.idPrefix, depth)
}

function nameOf({ folder, name }: ItemPlace): string {
  return `${folder}\t${name}\t`
}

/** What listing shows of an item, between tabs. Null when a line cannot hold it, or when something is wrong with it. */
function usualLine({ item, inFile: lock, problems }: ItemReading): string | null {
  if (problems.length > 0) return null
  const { id, title, status, priority, closed } = item
  // What is not there is not the same as what is empty.
  const words = `${status === null ? '' : `=${status}`}\t${priority === null ? '' : `=${priority}`}`
  return whole(
    `${closed ? 'closed' : ''}\t${id}\t${title}\t${words}\t${lock?.by ?? ''}\t${lock?.at?.getTime() ?? ''}`,
  )
}

/** Null when that is not what usualLine has written. */
function usualReading(place: ItemPlace, rest: string, stat: Stats): ItemReading | null {
  const fields = rest.split('\t')
  if (fields.length !== 7) return null
  const [closed, id, title, status, priority, by, at] = fields as UsualFields
  const word = (text: string) => (text === '' ? null : text.slice(1))
  return {
    place,
    item: { id, title, status: word(status), priority: word(priority), closed: closed !== '' },
    ...inFileOnly(by === '' ? null : { by, at: at === '' ? null : new Date(Number(at)) }),
    problems: [],
    modified: by === '' ? EPOCH : stat.mtime,
  }
}

type UsualFields = [string, string, string, string, string, string, string]

/** What choosing asks of an open item, between tabs. Null when a line cannot hold it, or when it needs a repair. */
function choosingLine(reading: ItemReading): string | null {
  if (isBlocked(reading)) return null
  const { item, inFile: lock, details = NO_DETAILS } = reading
  const { createdAt, notBefore, machines, blockedBy } = details
  const times = `${lock?.at?.getTime() ?? ''}\t${createdAt ?? ''}\t${notBefore ?? ''}`
  // Commas divide such words already where they are read.
  const lists = `${machines.join(',')}\t${blockedBy.map(({ text }) => text).join(',')}`
  const line = `${item.id}\t${item.title}\t${item.status ?? ''}\t${item.priority ?? ''}\t${lock?.by ?? ''}\t${times}\t${lists}`
  return whole(line)
}

/** Null when a line cannot hold it; one with a tab in it shows when it is read. Half of a character is no text. */
function whole(line: string): string | null {
  return line.includes('\n') || !line.isWellFormed() ? null : line
}

type Fields = [string, string, string, string, string, string, string, string, string, string]

/** Null when that is not what choosingLine has written. */
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
