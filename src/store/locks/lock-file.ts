/**
 * Session locks on disk: `STATE/ops/locks/NAME.lock`, read at any time, changed under a guard of their own.
 *
 * Guarantees: a lock is decided on as the guard showed it and replaced by the guard's one fenced rename; every
 * change is logged, even if its process died in between; nothing outside `STATE/ops/locks` and the guard's
 * folder is touched, and links in place of a lock file or of `ops` and `locks` are not followed.
 *
 * A released lock's file stays, with text that says so, and never is unlinked. Only the rename out of the
 * guard's slot is fenced: it fails for a holder of the guard that was revoked while it was stopped. An unlink
 * has no such fence, so it would remove whatever is there by then: the next run's lock.
 *
 * For the same reason a corrupt file is not renamed away. It gets a second name by link(2), which never
 * overwrites one, and then a released lock is published in its place. A folder cannot be replaced so, but it
 * can be moved onto an empty folder, which the system refuses for anything that is not a folder: by no mistake
 * can that move a lock.
 */
import { basename, join } from 'node:path'
import { codeOf, MISSING, messageOf, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { type LockText, parseLock } from '../../core/locks/session-lock.ts'
import type { Disk } from '../files/disk.ts'
import { type GuardHost, type HeldGuard, StartOver, withGuard } from '../files/guard.ts'
import { type OpenFile, type Published, publish, readOpen } from '../files/guarded-file.ts'
import { lookAt } from '../files/look.ts'
import type { PendingEvent } from '../log/event-log.ts'
import { logChanges, publishLogged, type Unlogged, unloggedChanges } from '../log/outbox.ts'
import { hasLockFolder, type LockPlace } from './lock-folder.ts'

/** A lock is some hundred bytes; anything of this size is something else. */
const LARGEST_LOCK = 64 * 1024

export type LockFileReading = LockText & {
  /** The file's modification time. */
  modified: Date
}

interface OpenLock {
  /** Null: there is no file, which is an unlocked lock. */
  reading: LockFileReading | null
  /** Null also for what cannot be opened. */
  file: OpenFile | null
}

/** What a file that is there but cannot be opened says of itself. Errors that will pass are not among them. */
const UNREADABLE: Record<string, string> = {
  ELOOP: 'it is a symbolic link',
  EMLINK: 'it is a symbolic link',
  EACCES: 'it cannot be opened (permission denied)',
  EPERM: 'it cannot be opened (not permitted)',
  ENXIO: 'it is not a regular file',
  EISDIR: 'it is a folder',
}

function openLock(disk: Disk, { file: path }: LockPlace): OpenLock {
  const corrupt = (why: string): OpenLock => {
    const stat = lookAt(disk, path)
    if (!stat) return { reading: null, file: null }
    const what = stat.isDirectory() ? 'it is a folder' : why
    return { reading: { kind: 'corrupt', why: what, modified: stat.mtime }, file: null }
  }
  let file: OpenFile
  try {
    file = readOpen(disk, path)
  } catch (error) {
    if (error instanceof WrkError) return corrupt('it is not a regular file, or far too large for a lock')
    const code = codeOf(error) ?? ''
    if (code === 'ENOENT') return { reading: null, file: null }
    if (UNREADABLE[code]) return corrupt(UNREADABLE[code])
    throw error
  }
  const text: LockText =
    file.bytes.length > LARGEST_LOCK
      ? { kind: 'corrupt', why: 'it is too large for a lock' }
      : parseLock(decoded(file.bytes))
  return { reading: { ...text, modified: file.modified }, file }
}

/** Null for bytes that are no UTF-8. A byte order mark, as some shells write it, is left out. */
function decoded(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

/** A lock as it is; null when there is no file. */
export function readLockFile(disk: Disk, place: LockPlace): LockFileReading | null {
  if (!hasLockFolder(disk, place)) return null
  const { reading, file } = openLock(disk, place)
  if (file) disk.closeSync(file.fd)
  return reading
}

export type LockDecision<T> =
  /** `event`: null for a renewal that is no news. */
  | { kind: 'write'; text: string; event: PendingEvent | null; result: T }
  /** Puts the file aside under `NAME.lock.corrupt-MARK`, and writes what replaces it. */
  | { kind: 'quarantine'; mark: string; text: string; event: PendingEvent; result: T }
  | { kind: 'leave'; result: T }

export interface LockChange<T> {
  result: T
  /** Where a corrupt file was put. */
  quarantined: string | null
  warnings: string[]
}

/**
 * Changes one lock under its guard. The folder of locks must be there.
 * @param decide called inside the guard, again when the file changed meanwhile; synchronous, keeps no state
 * @throws WrkError BUSY, IO; system errors pass
 */
export async function changeLock<T>(
  host: GuardHost,
  place: LockPlace,
  decide: (reading: LockFileReading | null) => LockDecision<T>,
): Promise<LockChange<T>> {
  const { disk } = host
  const { stateDir } = place
  // An item's key never holds an "@". Where file names ignore letter case, so must the guard.
  const key = `lock@${place.name}`
  const changed = await withGuard(host, stateDir, key.toLowerCase(), guard => {
    const current = openLock(disk, place)
    try {
      const lock = { path: place.file, stat: current.file?.stat ?? null }
      const unlogged = unloggedChanges(disk, stateDir, key, guard, lock)
      const decision = decide(current.reading)
      return { result: decision.result, ...applied(host, guard, place, key, current, decision, unlogged) }
    } finally {
      if (current.file) disk.closeSync(current.file.fd)
    }
  })
  const { result, quarantined, published } = changed
  const warnings = publicationWarnings(place, published)
  warnings.push(...(await logChanges(host, stateDir, changed.toLog)))
  return { result, quarantined, warnings }
}

interface Applied {
  published: Published | null
  quarantined: string | null
  toLog: readonly Unlogged[]
}

/** Does what was decided, still under the guard. */
function applied(
  { disk }: GuardHost,
  guard: HeldGuard,
  place: LockPlace,
  key: string,
  current: OpenLock,
  decision: LockDecision<unknown>,
  unlogged: Unlogged[],
): Applied {
  if (decision.kind === 'leave') return { published: null, quarantined: null, toLog: unlogged }
  const aside =
    decision.kind === 'quarantine' ? setAside(disk, place, decision.mark, current.file === null) : null
  // A folder is gone by that, and nothing needs to replace it.
  if (aside?.moved && decision.event)
    return {
      published: null,
      quarantined: aside.path,
      toLog: [...unlogged, { events: [decision.event] }],
    }

  try {
    const { stateDir } = place
    const { published, toLog } = publishLogged(disk, stateDir, key, guard, unlogged, decision.event, () =>
      publishLock(disk, guard, place, decision.text, current),
    )
    return { published, quarantined: aside?.path ?? null, toLog }
  } catch (error) {
    // The name is this call's own, so nobody else's file goes with it.
    if (aside?.made) unless(MISSING, undefined, () => disk.unlinkSync(aside.path))
    throw error
  }
}

function publishLock(
  disk: Disk,
  guard: HeldGuard,
  place: LockPlace,
  text: string,
  { reading, file }: OpenLock,
): Published {
  return publish(disk, guard, {
    bytes: Buffer.from(text),
    from: file ?? (reading ? 'any' : 'absent'),
    path: place.file,
    durable: true,
    conflicts: join(place.stateDir, 'conflicts'),
  })
}

function publicationWarnings({ name }: LockPlace, published: Published | null): string[] {
  const warnings: string[] = []
  if (published?.conflict)
    warnings.push(
      `another program wrote lock ${name} at the same moment; its version is kept in ${published.conflict}`,
    )
  if (published?.failure)
    warnings.push(
      `lock ${name} is changed, but the disk may not have it yet: ${messageOf(published.failure)}`,
    )
  return warnings
}

/**
 * Gives a corrupt file another name beside its own, or moves a folder away; never over anything.
 * @throws StartOver when it is not what it was
 */
function setAside(
  disk: Disk,
  place: LockPlace,
  mark: string,
  unopened: boolean,
): { path: string; made: boolean; moved: boolean } {
  const stat = lookAt(disk, place.file)
  if (!stat) throw new StartOver()
  const path = `${place.file}.corrupt-${mark}`
  if (unopened && stat.isDirectory()) {
    disk.mkdirSync(path)
    try {
      disk.renameSync(place.file, path)
    } catch (error) {
      disk.rmdirSync(path)
      const code = codeOf(error) ?? ''
      if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)) throw new StartOver()
      throw error
    }
    return { path, made: true, moved: true }
  }
  // Put aside already by one that died before it could publish.
  const earlier = sameFile(disk, place, stat)
  if (earlier) return { path: earlier, made: false, moved: false }
  try {
    disk.linkSync(place.file, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') throw new StartOver()
    throw error
  }
  return { path, made: true, moved: false }
}

function sameFile(disk: Disk, place: LockPlace, stat: { ino: number; dev: number }): string | null {
  const prefix = `${basename(place.file)}.corrupt-`
  for (const name of disk.readdirSync(place.path)) {
    if (!name.startsWith(prefix)) continue
    const path = join(place.path, name)
    const other = lookAt(disk, path)
    if (other && other.ino === stat.ino && other.dev === stat.dev) return path
  }
  return null
}
