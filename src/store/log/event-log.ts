/**
 * The event log, `.wrk/events.jsonl`: one JSON object a line, `seq` rising by one.
 *
 * Guarantees: sequence numbers are unique and without gaps across processes, crashes, rotations and wrong
 * death verdicts; a change whose process died before it was logged is logged by whoever meets it next, once.
 * Does not guarantee: more than the last megabyte or two of events; nor, should a process be stopped for half
 * a minute within the one system call between its last look and the rotation, the older of the two files.
 *
 * How: an append is first published as `events.tail` by the guard's fenced rename, then copied to the end of
 * the log. The copy needs no fence: what is copied and where to follow from the log itself, so a late
 * or repeated copy writes the same bytes to the same place. Before an item, a lock or the list of sessions is changed,
 * the event is put into `outbox/`; the next to hold that file's guard sees which of those changes happened and logs
 * them first.
 */
import { constants } from 'node:fs'
import { join } from 'node:path'
import { MISSING, messageOf, unless } from '../../core/errno.ts'
import { type LogEvent, type NewEvent, parseEvent } from '../../core/log/event.ts'
import type { Disk } from '../files/disk.ts'
import { type GuardHost, type HeldGuard, StartOver, withFolders, withGuard } from '../files/guard.ts'
import { type OpenFile, openPlain, publish, readPlainFile } from '../files/guarded-file.ts'
import { isThere, lookAt } from '../files/look.ts'
import { readMarker, removeMarker, writeMarker } from '../files/marker.ts'
import { writeAll } from '../files/write.ts'

export const LOG = 'events.jsonl'
export const OLDER_LOG = 'events.1.jsonl'
export const TAIL = 'events.tail'
const LARGEST_LOG = 1024 * 1024
/** More than any event is long, reasons being cut. */
const WINDOW = 64 * 1024

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

/** Where the next event goes: its place, what must stand before it, and the last number. */
interface NextPlace {
  at: number
  /** A line feed, where something torn that is not ours stands at the end. */
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
function readEnd(disk: Disk, fd: number): LogEnd {
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

/** Puts a large log aside, if it still is the one that is open; the one that was aside goes. */
function rotate(disk: Disk, stateDir: string, fd: number): boolean {
  const path = join(stateDir, LOG)
  if (unless(MISSING, 0, () => disk.lstatSync(path).ino) !== disk.fstatSync(fd).ino) return false
  disk.renameSync(path, join(stateDir, OLDER_LOG))
  return true
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
 * The events after the one of this number, oldest first. As a rule these stand at the end of the log, and only that is
 * read; where they may not be all, everything is.
 */
export function readEventsAfter(disk: Disk, stateDir: string, seq: number): LogEvent[] {
  const recent = endOf(disk, join(stateDir, LOG))?.recent ?? ''
  const events = [...readLines(Buffer.from(recent)), ...readTail(disk, stateDir)]
  const isWhole = (events[0]?.seq ?? Number.POSITIVE_INFINITY) <= seq + 1
  const among = isWhole ? events : readEvents(disk, stateDir)
  return [...new Map(among.filter(event => event.seq > seq).map(event => [event.seq, event])).values()]
}

/** A change that has happened, whose events perhaps nobody has logged yet; as appendEvents takes them. */
export interface Unlogged {
  events: readonly PendingEvent[]
  path?: string
  left?: number
}

/**
 * Logs changes that have happened. What cannot be logged now is left to the next command.
 * @returns a warning that says so
 */
export async function logChanges(
  host: GuardHost,
  stateDir: string,
  changes: readonly Unlogged[],
): Promise<string[]> {
  for (const { path, events, left } of changes)
    try {
      await appendEvents(host, stateDir, events, path, left)
    } catch (error) {
      const later = path ? '; the next command will complete it' : ''
      return [`the event log could not be written yet: ${messageOf(error)}${later}`]
    }
  return []
}

/**
 * Publishes a change whose event must not be missing from the log, whatever happens afterwards: it is noted before.
 * @param unlogged as `unloggedChanges` gave them: once this change is published, nobody can see any more that they
 *   happened, so they are noted with it
 * @param event null for a change that is no news
 * @param act publishes it
 * @returns what `act` returned, and what is to be logged now
 * @throws StartOver when the guard was taken away; what `act` throws: nothing was published then
 */
export function publishLogged<T>(
  disk: Disk,
  stateDir: string,
  key: string,
  guard: HeldGuard,
  unlogged: readonly Unlogged[],
  event: PendingEvent | null,
  act: () => T,
): { published: T; toLog: readonly Unlogged[] } {
  const old = unlogged.flatMap(({ events }) => events)
  const events = event ? [...old, event] : old
  if (events.length === 0) return { published: act(), toLog: unlogged }
  const intent = writeIntent(disk, stateDir, key, events, guard)
  try {
    const published = act()
    return { published, toLog: [...unlogged, { path: intent.path, events, left: old.length }] }
  } catch (error) {
    removeMarker(disk, intent.path)
    throw error
  } finally {
    disk.closeSync(intent.slot)
  }
}

/** A change that is about to be published: its events, and how to tell whether it happened. */
interface Intent {
  /** Events of earlier changes that nobody has logged yet, then its own. */
  events: PendingEvent[]
  /** The inode that is to be renamed into the file's place. */
  inode: number
}

/**
 * Puts the events of a change into the outbox before it is published. The file is named after the guard's holder,
 * so that others can see whether it may still publish.
 * @returns the file, for `removeMarker`, and the open slot, to be closed after that: while it is open, its inode
 *   number is given to no other file, not even when the slot has been revoked
 */
export function writeIntent(
  disk: Disk,
  stateDir: string,
  key: string,
  events: readonly PendingEvent[],
  { slot, name }: Pick<HeldGuard, 'slot' | 'name'>,
): { path: string; slot: number } {
  const open = unless(MISSING, null, () => disk.openSync(slot, constants.O_RDONLY))
  if (open === null) throw new StartOver()
  try {
    const inode = disk.fstatSync(open).ino
    const intent: Intent = { events: [...events], inode }
    return { path: writeIntentFile(disk, stateDir, key, intent, { name }), slot: open }
  } catch (error) {
    disk.closeSync(open)
    throw error
  }
}

/** Puts what is about to be published into the outbox. @returns its path, for removeMarker */
export function writeIntentFile(
  disk: Disk,
  stateDir: string,
  key: string,
  intent: object,
  { name }: Pick<HeldGuard, 'name'>,
): string {
  const path = join(stateDir, 'outbox', `${key}~${name}`)
  withFolders(disk, stateDir, () => writeMarker(disk, path, intent, 'wx'))
  return path
}

/** The intents of one file, and the slots by which their writers may still publish. */
export function intentsOf(disk: Disk, stateDir: string, key: string): { path: string; slots: string[] }[] {
  const outbox = join(stateDir, 'outbox')
  const prefix = `${key}~`
  return unless(MISSING, [], () => disk.readdirSync(outbox))
    .filter(name => name.startsWith(prefix))
    .sort()
    .map(file => {
      const name = file.slice(prefix.length)
      return { path: join(outbox, file), slots: [name, `${name}.a`, `${name}.b`] }
    })
}

/**
 * The changes of one file that were published but perhaps not logged; to be called under its guard.
 * Intents whose change did not happen are removed: their writers cannot publish any more. Every holder of the
 * guard does this before it changes anything, so an inode number cannot have been given to another file meanwhile.
 *
 * A caller that was revoked without knowing it comes here too, while another holds the guard. It must not remove
 * that one's intent, or its event would be lost: a slot that is still there tells them apart, since in a guard
 * that is held there is no slot but the holder's own. Once it is gone, what can happen has happened.
 * @param file the guarded file as it was read inside the guard; `stat` is null when there was none
 * @throws StartOver when another holds the guard
 */
export function unloggedChanges(
  disk: Disk,
  stateDir: string,
  key: string,
  guard: Pick<HeldGuard, 'dir'>,
  file: Replaced,
): Unlogged[] {
  return intentsOf(disk, stateDir, key).flatMap(({ path, slots }) => {
    if (slots.some(slot => isThere(disk, join(guard.dir, slot)))) throw new StartOver()
    const intent = readMarker<Intent>(disk, path)
    if (intent && isPublished(disk, file, intent.inode))
      return [{ path, events: intent.events, left: intent.events.length }]
    removeMarker(disk, path)
    return []
  })
}

/** The file that a change replaces. */
interface Replaced {
  path: string
  stat: Pick<OpenFile['stat'], 'ino'> | null
}

/** As it was read, or as it is now: a caller that was revoked has read what may have been replaced since. */
function isPublished(disk: Disk, { path, stat }: Replaced, inode: number): boolean {
  return (stat !== null && Number(stat.ino) === inode) || lookAt(disk, path)?.ino === inode
}
