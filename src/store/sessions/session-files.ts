/**
 * Sessions on disk: one small file each in `.wrk/sessions`, which is the truth; session-state.yaml shows them (contract,
 * section 3). Read at any time, changed under the session's own guard by change-session.ts.
 *
 * Guarantees: a file appears whole or not at all.
 * Does not guarantee: a file for every session. Older tooling lists its own in session-state.yaml alone.
 */
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { isSameProcess } from '../../core/sessions/identity.ts'
import type { Anchor, ClaimRecord, Session, SessionFiles } from '../../core/sessions/session.ts'
import { parseInstant, stamp } from '../../core/time.ts'
import { fileNameOfSession, sessionClaims } from '../claims/session-claims.ts'
import type { Disk } from '../files/disk.ts'
import { lookAt } from '../files/look.ts'
import { readDatedMarker, readMarker, writeMarker } from '../files/marker.ts'

const VERSION = 1

interface Written {
  v: number
  session_id: string
  orchestrator_agent: string | null
  anchors: Anchor[]
  started_at: string | null
  heartbeat_at: string | null
  ended_at: string | null
  /** Of a session that only session-state.yaml listed: what it says of its work. */
  listed?: { active_wrk: string | null; claims: ClaimRecord[] }
}

export function sessionPath(stateDir: string, id: string): string {
  return join(stateDir, 'sessions', fileNameOfSession(id))
}

/** @param isListed whether the session comes from session-state.yaml, the only place with its claims */
export function sessionText(session: Session, isListed = false): string {
  const at = (date: Date | null) => date && stamp(date)
  const written: Written = {
    v: VERSION,
    session_id: session.id,
    orchestrator_agent: session.agent,
    anchors: [...session.anchors],
    started_at: at(session.startedAt),
    heartbeat_at: at(session.heartbeatAt),
    ended_at: at(session.endedAt),
    ...(isListed ? { listed: { active_wrk: session.activeWrk, claims: [...session.claims] } } : {}),
  }
  return `${JSON.stringify(written)}\n`
}

/** What a session's file says, with what it has claimed, which is read when it is asked for. */
class FiledSession implements Session {
  readonly id: string
  readonly agent: string | null
  readonly anchors: readonly Anchor[]
  readonly startedAt: Date | null
  readonly heartbeatAt: Date | null
  readonly endedAt: Date | null
  readonly writtenAt?: Date
  readonly #disk: Disk
  readonly #stateDir: string
  readonly #listed: Written['listed']

  constructor(disk: Disk, stateDir: string, written: Written, modified: Date) {
    const at = (text: unknown) => (typeof text === 'string' ? parseInstant(text) : null)
    this.#disk = disk
    this.#stateDir = stateDir
    this.#listed = written.listed
    this.id = written.session_id
    this.agent = written.orchestrator_agent
    this.anchors = written.anchors
    this.startedAt = at(written.started_at)
    this.heartbeatAt = at(written.heartbeat_at)
    this.endedAt = at(written.ended_at)
    // A file that was copied from the list was not written by the session itself.
    if (!written.listed) this.writtenAt = modified
  }

  get claims(): readonly ClaimRecord[] {
    const claims = sessionClaims(this.#disk, this.#stateDir, this.id)
    return claims.length > 0 ? claims : (this.#listed?.claims ?? [])
  }

  get activeWrk() {
    return this.#listed?.active_wrk ?? this.claims.at(-1)?.id ?? null
  }
}

function readFile(disk: Disk, stateDir: string, path: string): Session | undefined {
  const file = readDatedMarker<Partial<Written> | null>(disk, path)
  const written = file?.note ?? null
  const isSound =
    written !== null &&
    typeof written === 'object' &&
    typeof written.session_id === 'string' &&
    Array.isArray(written.anchors) &&
    written.anchors.every(({ pid }) => Number.isSafeInteger(pid))
  return isSound ? new FiledSession(disk, stateDir, written as Written, file!.modified) : undefined
}

/** The session of that id by its own file; undefined when it has none. System errors pass. */
export function readSession(disk: Disk, stateDir: string, id: string): Session | undefined {
  const session = readFile(disk, stateDir, sessionPath(stateDir, id))
  return session?.id === id ? session : undefined
}

/** The sessions that have files, each read once at most. */
export class FiledSessions implements SessionFiles {
  readonly #disk: Disk
  readonly #stateDir: string
  readonly #statePath: string
  readonly #known = new Map<string, Session | undefined>()
  #all: Session[] | undefined
  #outdated: boolean | undefined

  /** @param statePath session-state.yaml */
  constructor(disk: Disk, stateDir: string, statePath: string) {
    this.#disk = disk
    this.#stateDir = stateDir
    this.#statePath = statePath
  }

  find(id: string): Session | undefined {
    if (!this.#known.has(id)) this.#known.set(id, readSession(this.#disk, this.#stateDir, id))
    return this.#known.get(id)
  }

  all(): readonly Session[] {
    const folder = join(this.#stateDir, 'sessions')
    this.#all ??= unless(MISSING, [], () => this.#disk.readdirSync(folder))
      .sort()
      .flatMap(name => readFile(this.#disk, this.#stateDir, join(folder, name)) ?? [])
    for (const session of this.#all) if (!this.#known.has(session.id)) this.#known.set(session.id, session)
    return this.#all
  }

  anchoredTo(anchor: Anchor): Session | undefined {
    const ids = sessionsAt(this.#disk, this.#stateDir, anchor)
    let latest: Session | undefined
    for (const id of ids) {
      const session = this.find(id)
      if (!session || session.endedAt || !session.anchors.some(one => isSameProcess(one, anchor))) continue
      if (!latest || (session.startedAt?.getTime() ?? 0) >= (latest.startedAt?.getTime() ?? 0))
        latest = session
    }
    return latest
  }

  isOutdated(): boolean {
    this.#outdated ??= isStateFileOutdated(this.#disk, this.#stateDir, this.#statePath)
    return this.#outdated
  }
}

// --- which sessions a process spoke for -------------------------------------------------------------------

/** A process as the name of a file. */
export function anchorName({ pid, started, boot, pidns }: Anchor): string {
  return [pid, started, boot, pidns].join('.').replace(/[^0-9A-Za-z._-]/g, '')
}

const anchorFolder = (stateDir: string, anchor: Anchor) => join(stateDir, 'anchors', anchorName(anchor))

/** The sessions that a process spoke for, in no order of meaning. */
export function sessionsAt(disk: Disk, stateDir: string, anchor: Anchor): string[] {
  const folder = anchorFolder(stateDir, anchor)
  return unless(MISSING, [], () => disk.readdirSync(folder))
    .sort()
    .flatMap(name => readMarker<{ session: string }>(disk, join(folder, name))?.session ?? [])
}

/** Notes that a process speaks for a session, by which later calls from it find the session again. */
export function writeAnchor(disk: Disk, stateDir: string, anchor: Anchor, session: string): void {
  const folder = anchorFolder(stateDir, anchor)
  const path = join(folder, fileNameOfSession(session))
  if (lookAt(disk, path)) return
  disk.mkdirSync(folder, { recursive: true })
  writeMarker(disk, path, { session }, 'w')
}

export function writeAnchors(disk: Disk, stateDir: string, { id, anchors }: Session): void {
  for (const anchor of anchors) writeAnchor(disk, stateDir, anchor, id)
}

/** Forgets a session that ended long ago. */
export function removeSession(disk: Disk, stateDir: string, session: Session): void {
  for (const anchor of session.anchors) {
    const folder = anchorFolder(stateDir, anchor)
    unless(MISSING, undefined, () => disk.unlinkSync(join(folder, fileNameOfSession(session.id))))
    unless([...MISSING, 'ENOTEMPTY', 'EEXIST'], undefined, () => disk.rmdirSync(folder))
  }
  unless(MISSING, undefined, () => disk.unlinkSync(sessionPath(stateDir, session.id)))
}

// --- whether others wrote session-state.yaml ----------------------------------------------------------------

/** How session-state.yaml was when wrk wrote it last. */
export interface StateFileSeen {
  ino: number
  size: number
  mtimeMs: number
  /** When, by the clock of who wrote it. */
  at: string
  /** Whether the fast reader understands it. */
  simple: boolean
}

const seenPath = (stateDir: string): string => join(stateDir, 'session-state.json')

export function readSeen(disk: Disk, stateDir: string): StateFileSeen | null {
  return readMarker<StateFileSeen>(disk, seenPath(stateDir))
}

export function writeSeen(disk: Disk, stateDir: string, seen: StateFileSeen): void {
  writeMarker(disk, seenPath(stateDir), seen, 'w')
}

/** Whether somebody else wrote the file since: what it says of sessions then counts beside their own files. */
function isStateFileOutdated(disk: Disk, stateDir: string, path: string): boolean {
  const seen = readSeen(disk, stateDir)
  const stat = lookAt(disk, path)
  if (!stat) return false
  return !(seen?.simple && seen.ino === stat.ino && seen.size === stat.size && seen.mtimeMs === stat.mtimeMs)
}
