/**
 * The event log, `.wrk/events.jsonl`: one JSON object a line, `seq` rising by one.
 *
 * Guarantees: sequence numbers are unique and without gaps across processes, crashes, rotations and wrong
 * death verdicts; if a process died before its change was logged, the next one logs it, once.
 * Does not guarantee: more than the last megabyte or two of events; nor, should a process be stopped for half
 * a minute within the one system call between its last look and the rotation, the older of the two files.
 *
 * How: an append is first published as `events.tail` by the guard's fenced rename, then copied to the end of
 * the log. The copy needs no fence: what is copied and where to follow from the log itself, so a late
 * or repeated copy writes the same bytes to the same place. What a crash kept from being logged: see outbox.ts.
 */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import type { LogEvent, NewEvent } from '../../core/log/event.ts'
import type { Disk } from '../files/disk.ts'
import { type GuardHost, withGuard } from '../files/guard.ts'
import { publish, readPlainFile } from '../files/guarded-file.ts'
import { isThere } from '../files/look.ts'
import { removeMarker } from '../files/marker.ts'
import { writeAll } from '../files/write.ts'
import { endOf, LOG, OLDER_LOG, readEnd, readTail, TAIL } from './read-log.ts'

const LARGEST_LOG = 1024 * 1024
/** An event without its number, `tx` being what makes it one of its kind. */
export type PendingEvent = NewEvent & { tx: string }

/**
 * Appends events in the given order; those that are in the log already (by `tx`) are passed over.
 * @param intent the outbox file that holds them, where they were noted before: if it is gone, another process has
 *   logged them; it is removed when they are in the log
 * @param left how many of them, from the first, others left behind: those may be in the log since long ago
 * @throws WrkError BUSY; system errors pass
 */
export async function appendEvents(
  host: GuardHost,
  stateDir: string,
  events: readonly PendingEvent[],
  intent?: string,
  left = 0,
): Promise<void> {
  const { disk } = host
  await withGuard(host, stateDir, 'events', guard => {
    let fd = openLog(disk, stateDir)
    try {
      let end = catchUp(disk, stateDir, fd)
      if (intent && !isThere(disk, intent)) return
      let { seq } = end
      const lines = events
        .filter(
          ({ tx }, i) => !end.recent.includes(txText(tx)) && !(i < left && isLogged(disk, stateDir, tx)),
        )
        .map(event => ({ seq: ++seq, ...event }))
      if (lines.length === 0) return
      if (end.at > LARGEST_LOG && rotate(disk, stateDir, fd)) {
        disk.closeSync(fd)
        fd = openLog(disk, stateDir)
        end = { ...end, at: 0, lead: '' }
      }
      const text = eventLines(lines)
      const path = join(stateDir, TAIL)
      const bytes = Buffer.from(text)
      publish(disk, guard, { bytes, from: 'any', path, durable: false, conflicts: stateDir })
      writeAt(disk, fd, end.lead + text, end.at)
    } finally {
      disk.closeSync(fd)
    }
  })
  if (intent) removeMarker(disk, intent)
}

const txText = (tx: string) => `"tx":"${tx}"`

/** Looks through all that is kept. */
function isLogged(disk: Disk, stateDir: string, tx: string): boolean {
  return [LOG, OLDER_LOG].some(name =>
    unless(MISSING, null, () => readPlainFile(disk, join(stateDir, name)))?.bytes.includes(txText(tx)),
  )
}

export function openLog(disk: Disk, stateDir: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)
  return disk.openSync(join(stateDir, LOG), flags, 0o666)
}

export function eventLines(events: readonly LogEvent[]): string {
  return events.map(event => `${JSON.stringify(event)}\n`).join('')
}

export function writeAt(disk: Disk, fd: number, text: string, at: number): void {
  writeAll(disk, fd, Buffer.from(text), 'the event log', at)
}

/** Where the next event goes: its place, what must be before it, and the last number. */
interface NextPlace {
  at: number
  /** A line feed, where something torn that is not ours is at the end. */
  lead: string
  seq: number
  recent: string
}

/**
 * Copies the published tail to the end of the log, unless it is there. A log that is further behind than one
 * tail was cut by somebody else; then it goes on behind the gap.
 */
export function catchUp(disk: Disk, stateDir: string, fd: number): NextPlace {
  const tail = readTail(disk, stateDir)
  const { size, end, fragment, last, recent } = readEnd(disk, fd)
  const older = last ? null : endOf(disk, join(stateDir, OLDER_LOG))
  const seq = (last ?? older?.last)?.seq ?? 0
  const text = eventLines(tail.filter(event => event.seq > seq))
  // What a crash left of this same copy is overwritten; anything else stays on a line of its own.
  const ours = Buffer.from(text).subarray(0, fragment.length).equals(fragment)
  const place = ours ? { at: end, lead: '' } : { at: size, lead: '\n' }
  if (text === '') return { ...place, seq, recent: recent || (older?.recent ?? '') }
  writeAt(disk, fd, place.lead + text, place.at)
  const at = place.at + place.lead.length + Buffer.byteLength(text)
  return { at, lead: '', seq: tail.at(-1)!.seq, recent: recent + text }
}

/** Puts a large log aside, if it still is the one that is open; the one that was aside goes. */
function rotate(disk: Disk, stateDir: string, fd: number): boolean {
  const path = join(stateDir, LOG)
  if (unless(MISSING, 0, () => disk.lstatSync(path).ino) !== disk.fstatSync(fd).ino) return false
  disk.renameSync(path, join(stateDir, OLDER_LOG))
  return true
}
