/** What was read of an item, whatever is wrong with its file. */
import { holdingOf } from '../../core/claims/holding.ts'
import type { Lock } from '../../core/claims/lock.ts'
import type { ItemRecord } from '../../core/claims/record.ts'
import type { Details } from '../../core/items/details.ts'
import { displayOfFileName } from '../../core/items/ids.ts'
import { hidesAll, type Item, interpretItem, type Problem } from '../../core/items/item.ts'
import { parseInstant } from '../../core/time.ts'
import type { Frontmatter, readFrontmatter } from '../../markdown/frontmatter.ts'
import { detached } from '../../markdown/scalar.ts'
import type { RecordFile } from '../claims/record-file.ts'
import { NeedsFullReader } from '../readers.ts'
import type { Store } from '../store.ts'
import type { ItemPlace } from './places/item-places.ts'

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
  /** Git or an editor removed the lock from the file. */
  takenOut: boolean
  /** The holder's claim was cut short before the file showed it: nothing has touched the file since. */
  isUnshown: boolean
  /** Whether `lock` is the record's. */
  byRecord: boolean
  /** Null for an item that wrk never changed, or when nobody asked for it. */
  record: ItemRecord | null
  /** When its holder renewed the record last. */
  renewedAt: Date | null
  /** Of the record's file; it replaces an unusable time of the record. */
  recordModified: Date
  problems: Problem[]
  /** The file's modification time, which may replace a lock's; without a lock it is not looked up. */
  modified: Date
  /** What else it says, where that was asked for. */
  details?: Details
  /** All of its frontmatter, where everything was asked for; null when it cannot be read. */
  found?: Frontmatter | null
}

/** Whether something is wrong that must be corrected before the item can be worked on. */
export function isBlocked({ problems }: Pick<ItemReading, 'problems'>): boolean {
  return problems.some(({ blocks }) => blocks)
}

/** A folder, a link or a file that may not be read has no fields; what is merely wrong in it does not hide them. */
export function isReadable({ problems }: Pick<ItemReading, 'problems'>): boolean {
  return !problems.some(hidesAll)
}

export const EPOCH = new Date(0)

/** Who holds an item as its file alone has it. */
export function inFileOnly(lock: Lock | null) {
  return {
    lock,
    inFile: lock,
    byRecord: false,
    foreign: null,
    takenOut: false,
    isUnshown: false,
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

export function unusable(
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
