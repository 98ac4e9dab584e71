/** Reading the event log, as a whole or from its end; torn and foreign lines are passed over. */
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { type LogEvent, parseEvent } from '../../core/log/event.ts'
import type { Disk } from '../files/disk.ts'
import { openPlain, readPlainFile } from '../files/guarded-file.ts'

export const LOG = 'events.jsonl'
export const OLDER_LOG = 'events.1.jsonl'
export const TAIL = 'events.tail'
/** More than any event is long, reasons being cut. */
const WINDOW = 64 * 1024

interface LogEnd {
  size: number
  /** Where the last whole line ends, and what a crash left behind it. */
  end: number
  fragment: Buffer
  last: LogEvent | null
  /** The text of the last events: enough to know one that is logged already. */
  recent: string
}

/** Looks at the end of an open log. Only the last line is parsed: appending must not cost more as the log grows. */
export function readEnd(disk: Disk, fd: number): LogEnd {
  const { size } = disk.fstatSync(fd)
  const from = Math.max(0, size - WINDOW)
  const window = Buffer.alloc(size - from)
  const bytes = window.subarray(0, disk.readSync(fd, window, 0, window.length, from))
  const whole = bytes.lastIndexOf(0x0a) + 1
  const recent = bytes.toString('utf8', 0, whole)
  let last: LogEvent | null = null
  for (let stop = recent.length - 1; stop > 0 && !last; ) {
    const start = recent.lastIndexOf('\n', stop - 1) + 1
    last = parseEvent(recent.slice(start, stop))
    stop = start - 1
  }
  return { size, end: from + whole, fragment: bytes.subarray(whole), last, recent }
}

export function endOf(disk: Disk, path: string): LogEnd | null {
  const fd = unless(MISSING, null, () => openPlain(disk, path))
  if (fd === null) return null
  try {
    return readEnd(disk, fd)
  } finally {
    disk.closeSync(fd)
  }
}

export function readTail(disk: Disk, stateDir: string): LogEvent[] {
  const events = readLines(unless(MISSING, null, () => readPlainFile(disk, join(stateDir, TAIL)).bytes))
  // Numbers that do not rise are none that an append gave; copied, they would be given a second time.
  return events.filter(({ seq }, i) => events.slice(0, i).every(earlier => earlier.seq < seq))
}

function readLines(bytes: Buffer | null): LogEvent[] {
  if (!bytes) return []
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap(line => parseEvent(line) ?? [])
}

/**
 * All events that are kept, oldest first; torn and foreign lines are passed over. Reads only.
 */
export function readEvents(disk: Disk, stateDir: string): LogEvent[] {
  const bySeq = new Map<number, LogEvent>()
  const logs = [OLDER_LOG, LOG].flatMap(name =>
    readLines(unless(MISSING, null, () => readPlainFile(disk, join(stateDir, name)).bytes)),
  )
  for (const event of [...logs, ...readTail(disk, stateDir)])
    if (!bySeq.has(event.seq)) bySeq.set(event.seq, event)
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

/**
 * The events after the one of this number, oldest first. As a rule these are at the end of the log, and only that is
 * read; where they may not be all, everything is.
 */
export function readEventsAfter(disk: Disk, stateDir: string, seq: number): LogEvent[] {
  const recent = endOf(disk, join(stateDir, LOG))?.recent ?? ''
  const events = [...readLines(Buffer.from(recent)), ...readTail(disk, stateDir)]
  const isWhole = (events[0]?.seq ?? Number.POSITIVE_INFINITY) <= seq + 1
  const among = isWhole ? events : readEvents(disk, stateDir)
  return [...new Map(among.filter(event => event.seq > seq).map(event => [event.seq, event])).values()]
}
