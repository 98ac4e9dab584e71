/**
 * Changing one session's file under its own guard, so that sessions do not wait for each other.
 *
 * Guarantees: a change is decided on what the guard showed; that a session began or ended is logged, if not by this call
 * then by the next that changes the session.
 */
import { join } from 'node:path'
import { codeOf, MISSING, unless } from '../../core/errno.ts'
import type { Anchor, Session } from '../../core/sessions/session.ts'
import { fileNameOfSession } from '../claims/session-claims.ts'
import { draftPath } from '../drafts.ts'
import { type GuardHost, withGuard } from '../files/guard.ts'
import { type OpenFile, publish, readOpen } from '../files/guarded-file.ts'
import { writeAll } from '../files/write.ts'
import type { PendingEvent } from '../log/event-log.ts'
import { logChanges, publishLogged, type Unlogged, unloggedChanges } from '../log/outbox.ts'
import {
  anchorName,
  readSession,
  sessionPath,
  sessionsAt,
  sessionText,
  writeAnchor,
  writeAnchors,
} from './session-files.ts'

export interface SessionDecision<T> {
  /** Null: nothing to change. */
  next: Session | null
  /** That it began or ended; a heartbeat is no news. */
  event: PendingEvent | null
  result: T
}

/** The key of a session's guard. */
function guardKey(id: string): string {
  return `session-${fileNameOfSession(id)}`
}

/**
 * @param decide called inside the guard with what the file says; synchronous, keeps no state
 * @returns what `decide` gave the last time, and for people what could not be logged yet
 * @throws WrkError BUSY; system errors pass
 */
export async function changeSession<T>(
  host: GuardHost,
  stateDir: string,
  id: string,
  decide: (session: Session | undefined) => SessionDecision<T>,
): Promise<{ result: T; warnings: string[] }> {
  const { disk } = host
  const path = sessionPath(stateDir, id)
  const key = guardKey(id)
  const { result, toLog } = await withGuard(host, stateDir, key, guard => {
    const from = unless(MISSING, null, () => readOpen(disk, path))
    try {
      const unlogged = unloggedChanges(disk, stateDir, key, guard, { path, stat: from?.stat ?? null })
      const { next, event, result } = decide(readSession(disk, stateDir, id))
      if (!next) return { result, toLog: unlogged }
      makeFolder(host, stateDir, from)
      writeAnchors(disk, stateDir, next)
      const bytes = Buffer.from(sessionText(next))
      const conflicts = join(stateDir, 'conflicts')
      // After a crash of the machine every process is gone anyway.
      const act = () => publish(disk, guard, { bytes, from: 'any', path, durable: false, conflicts })
      return { result, ...publishLogged(disk, stateDir, key, guard, unlogged, event, act) }
    } finally {
      if (from) disk.closeSync(from.fd)
    }
  })
  return { result, warnings: await logChanges(host, stateDir, toLog) }
}

function makeFolder({ disk }: GuardHost, stateDir: string, from: OpenFile | null): void {
  if (!from) unless(['EEXIST'], undefined, () => disk.mkdirSync(join(stateDir, 'sessions')))
}

/**
 * Makes a session's file where it has none: of one that only session-state.yaml lists. Whoever comes first makes it.
 * @returns whether it was made
 */
export function importSession(host: GuardHost, stateDir: string, session: Session): boolean {
  const { disk } = host
  const path = sessionPath(stateDir, session.id)
  const draft = draftPath(host, stateDir)
  makeFolder(host, stateDir, null)
  const fd = disk.openSync(draft, 'wx', 0o600)
  try {
    writeAll(disk, fd, Buffer.from(sessionText(session, true)), path)
    // Before: of a session that is there nobody would write them any more.
    writeAnchors(disk, stateDir, session)
    disk.linkSync(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    disk.closeSync(fd)
    unless(MISSING, undefined, () => disk.unlinkSync(draft))
  }
}

/**
 * The session of a process that has none yet. Of two calls at once, from a new terminal, both get the same.
 * @param makeId an id for a new one
 * @throws WrkError BUSY; system errors pass
 */
export function sessionForAnchor(
  host: GuardHost,
  stateDir: string,
  anchor: Anchor,
  makeId: () => string,
): Promise<string> {
  const { disk } = host
  return withGuard(host, stateDir, `anchor-${anchorName(anchor)}`, () => {
    const open = sessionsAt(disk, stateDir, anchor).filter(id => !readSession(disk, stateDir, id)?.endedAt)
    const known = open.at(-1)
    if (known !== undefined) return known
    const id = makeId()
    writeAnchor(disk, stateDir, anchor, id)
    return id
  })
}

/** Logs what processes left behind that died when a session began or ended. @returns warnings */
export async function completeSessionEvents(host: GuardHost, stateDir: string): Promise<string[]> {
  const { disk } = host
  const names = unless(MISSING, [], () => disk.readdirSync(join(stateDir, 'outbox')))
  const keys = new Set(
    names.filter(name => name.startsWith('session-')).map(name => name.slice(0, name.indexOf('~'))),
  )
  const toLog: Unlogged[] = []
  for (const key of keys) {
    const path = join(stateDir, 'sessions', key.slice('session-'.length))
    toLog.push(
      ...(await withGuard(host, stateDir, key, guard => {
        const from = unless(MISSING, null, () => readOpen(disk, path))
        if (from) disk.closeSync(from.fd)
        return unloggedChanges(disk, stateDir, key, guard, { path, stat: from?.stat ?? null })
      })),
    )
  }
  return logChanges(host, stateDir, toLog)
}
