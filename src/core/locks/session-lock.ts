/**
 * Session locks: named locks of a machine, one JSON file each, held by a run. Reads and writes their text; what
 * is decided on it is in lock-holder.ts.
 *
 * The holder is the run: two runs of one session exclude each other, and the same run claiming again renews.
 * A released lock is text of its own (`released_utc`, no run id) that every reader takes for "not locked":
 * store/lock-file.ts says why the file stays. Text that is neither is corrupt, and never free.
 */

import { countedSign, nextSign } from '../claims/lock.ts'
import { WrkError } from '../errors.ts'
import { type Anchor, isSessionId } from '../sessions/session.ts'
import { printable } from '../text.ts'
import { parseInstant, stamp } from '../time.ts'

export const DEFAULT_LOCK = 'nightly_session'

/** Who keeps a lock: what is known of the run that holds it. */
export interface Keeper {
  /** The session that claimed it, null when it is not known. */
  sessionId: string | null
  host: string
  /** The process that lives as long as the holder; null: none is known, and only time frees the lock. */
  anchor: Anchor | null
  /**
   * The owner of that process: `run`, the wrapper around a command, which decides alone; `session`, the agent or
   * terminal of the session, of which the registry may know more.
   */
  pidOf: 'run' | 'session'
}

export interface SessionLock {
  runId: string
  pid: number | null
  host: string | null
  startedAt: Date | null
  heartbeatAt: Date | null
  purpose: string | null
  /** The holder's own TTL; null where a lock by older tooling names none. */
  ttlMs: number | null
  sessionId: string | null
  pidOf: 'run' | 'session'
  /** Facts that tell the process from a later one of the same pid; null in locks by older tooling. */
  anchor: Pick<Anchor, 'started' | 'boot' | 'pidns' | 'machine'> | null
}

/** What is left of a lock that was given up. */
interface Released {
  runId: string | null
  /** `holder`: the run itself; `cleanup`: it was reclaimed. */
  by: 'holder' | 'cleanup' | null
}

export type LockText =
  | { kind: 'held'; lock: SessionLock }
  | { kind: 'released'; released: Released }
  | { kind: 'corrupt'; why: string }

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/
const RUN_ID = /^[A-Za-z0-9_][A-Za-z0-9._:@#+-]{0,127}$/

/** Checks a lock's name before it meets a path. @throws WrkError USAGE */
export function checkLockName(name: string): string {
  if (NAME.test(name)) return name
  throw new WrkError('USAGE', `"${printable(name, 60)}" is not a valid lock name`, {
    hint: 'Use 1 to 64 letters, digits, ".", "_" or "-", the first a letter, a digit or "_".',
  })
}

export function isLockName(name: string): boolean {
  return NAME.test(name)
}

export function isRunId(text: string): boolean {
  return RUN_ID.test(text)
}

/** Checks a run id that is about to be given to a lock. @throws WrkError USAGE */
export function checkRunId(runId: string, source = '--run-id'): string {
  if (isRunId(runId)) return runId
  throw new WrkError('USAGE', `${source} must be a run id, not "${printable(runId, 60)}"`, {
    hint: 'Use 1 to 128 letters, digits and ._:@#+- the first a letter, a digit or "_".',
  })
}

/** `run-20261121T093702Z-k3x9f2`. `random` is six characters of 0-9a-z. */
export function generatedRunId(now: Date, random: string): string {
  return `run-${stamp(now).replace(/[-:]/g, '')}-${random}`
}

/** When a generated run id says that the run began, or null for any other id. */
export function startOfRun(runId: string): Date | null {
  const parts = /^run-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-z]{6}$/.exec(runId)
  if (!parts) return null
  const [, year, month, day, hour, minute, second] = parts
  return parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

/** Reads a lock file's text; null: it is not UTF-8 text. */
export function parseLock(text: string | null): LockText {
  if (text === null) return corrupt('it is not UTF-8 text')
  if (text.trim() === '') return corrupt('it is empty')
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return corrupt('it is not JSON')
    throw error
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return corrupt('it is not a JSON object')
  const fields = data as Record<string, unknown>
  const { run_id: runId, released_utc: releasedUtc } = fields
  if (typeof runId === 'string' && runId !== '') return { kind: 'held', lock: lockOf(runId, fields) }
  if (textOf(releasedUtc) === null || (runId !== null && runId !== '')) return corrupt('it names no run_id')
  const by = fields.released_by
  return {
    kind: 'released',
    released: {
      runId: textOf(fields.released_run_id),
      by: by === 'holder' || by === 'cleanup' ? by : null,
    },
  }
}

const corrupt = (why: string): LockText => ({ kind: 'corrupt', why })

function lockOf(runId: string, fields: Record<string, unknown>): SessionLock {
  const { pid, anchor } = fields
  const sessionId = textOf(fields.session_id)
  return {
    runId,
    pid: typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? pid : null,
    host: textOf(fields.host),
    startedAt: instantOf(fields.started_utc),
    heartbeatAt: instantOf(fields.heartbeat_utc),
    purpose: textOf(fields.purpose),
    ttlMs: secondsOf(fields.ttl_sec),
    sessionId: sessionId !== null && isSessionId(sessionId) ? sessionId : null,
    pidOf: fields.pid_of === 'run' ? 'run' : 'session',
    anchor: anchorOf(anchor),
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const instantOf = (value: unknown): Date | null => (typeof value === 'string' ? parseInstant(value) : null)

function secondsOf(value: unknown): number | null {
  const seconds = typeof value === 'string' && /^\d{1,10}(\.\d+)?$/.test(value.trim()) ? Number(value) : value
  // Ten digits: some three hundred years, which still can be added to a date.
  return typeof seconds === 'number' && seconds >= 0 && seconds < 1e10 ? Math.round(seconds * 1000) : null
}

function anchorOf(value: unknown): SessionLock['anchor'] {
  if (typeof value !== 'object' || value === null) return null
  const { started, boot, pidns, machine } = value as Record<string, unknown>
  if (typeof started !== 'string') return null
  return {
    started,
    boot: typeof boot === 'string' ? boot : '',
    pidns: typeof pidns === 'string' ? pidns : '',
    ...(typeof machine === 'string' ? { machine } : {}),
  }
}

/** A lock as JSON shows it and as the file holds it. The first eight keys are what scripts rely on. */
export interface LockData {
  run_id: string
  pid: number | null
  host: string | null
  started_utc: string | null
  purpose: string | null
  ttl_sec: number | null
  session_id: string | null
  heartbeat_utc: string | null
  /** `run` or `session`: the kind of process that `pid` is; null without a pid. */
  pid_of: string | null
  anchor: SessionLock['anchor']
}

export function lockData(lock: SessionLock): LockData {
  const at = (date: Date | null) => date && stamp(date)
  return {
    run_id: lock.runId,
    pid: lock.pid,
    host: lock.host,
    started_utc: at(lock.startedAt),
    purpose: lock.purpose,
    ttl_sec: lock.ttlMs === null ? null : lock.ttlMs / 1000,
    session_id: lock.sessionId,
    heartbeat_utc: at(lock.heartbeatAt),
    pid_of: lock.pid === null ? null : lock.pidOf,
    anchor: lock.anchor,
  }
}

export function lockText(lock: SessionLock): string {
  return `${JSON.stringify(lockData(lock), null, 2)}\n`
}

/**
 * What is written in place of a lock that is given up. The keys that older tooling reads say that it ran out
 * long ago and that no process has it, so that a program which takes it for a lock takes it for a stale one.
 */
export function releasedText(runId: string | null, by: 'holder' | 'cleanup', now: Date): string {
  const data = {
    run_id: null,
    pid: null,
    host: null,
    started_utc: '1970-01-01T00:00:00Z',
    purpose: null,
    ttl_sec: 0,
    released_utc: stamp(now),
    released_run_id: runId,
    released_by: by,
  }
  return `${JSON.stringify(data, null, 2)}\n`
}

export interface NewLock {
  runId: string
  keeper: Keeper
  /** Null: what the lock has, or the default of whoever claims. */
  ttlMs: number | null
  purpose: string | null
}

export function grantedLock({ runId, keeper, ttlMs, purpose }: NewLock, now: Date): SessionLock {
  return {
    runId,
    startedAt: now,
    heartbeatAt: signOf(now, ttlMs),
    purpose,
    ttlMs,
    ...keeperFields(keeper),
  }
}

/**
 * The same lock with a new heartbeat, and what else the renewal says.
 * @param written when the old one's file was written
 */
export function renewedLock(old: SessionLock, request: NewLock, written: Date, now: Date): SessionLock {
  const ttlMs = request.ttlMs ?? old.ttlMs
  return {
    ...old,
    // The process around a command stays the one to watch, whoever within the run renews its lock.
    ...(old.pidOf === 'run' && request.keeper.pidOf !== 'run' ? {} : keeperFields(request.keeper)),
    heartbeatAt: nextSign(countedSign(old.heartbeatAt, written, now), signOf(now, ttlMs)),
    purpose: request.purpose ?? old.purpose,
    ttlMs,
  }
}

function keeperFields({ sessionId, host, anchor, pidOf }: Keeper) {
  return {
    pid: anchor?.pid ?? null,
    host: anchor?.host ?? host,
    sessionId,
    pidOf,
    anchor: anchor && processOf(anchor),
  }
}

function processOf({ started, boot, pidns, machine }: Anchor): SessionLock['anchor'] {
  return { started, boot, pidns, ...(machine ? { machine } : {}) }
}

/** Times are kept to the second, which is much of a short TTL: there a heartbeat is rounded up, never down. */
function signOf(now: Date, ttlMs: number | null): Date {
  return ttlMs !== null && ttlMs < 60_000 ? new Date(Math.ceil(now.getTime() / 1000) * 1000) : now
}
