/**
 * The record of one claim as all clones see it. Guarantees: what was written is read back as it was, fields of
 * later versions within the same format survive a rewrite, and what cannot be read is never taken for "free".
 */
import type { Anchor } from '../sessions/session.ts'
import { parseInstant } from '../time.ts'

/** The format that this version reads and writes. */
export const RECORD_VERSION = 1

/** `held`; given up, a tombstone that keeps the epoch; or finished. */
type SharedState = 'held' | 'released' | 'done'

export interface SharedRecord {
  v: number
  /** The item as people write it: `WRK-157`. */
  id: string
  state: SharedState
  /** The fencing token: rises with every new holder and never falls. */
  epoch: number
  /** Names this very write: two records with one nonce are one write. */
  nonce: string
  session: string
  /** The helper within the session, null for the session itself. */
  agent: string | null
  host: string
  /** Names the clone, since hosts may share a name; made when the clone first asks the engine. */
  clone: string
  /** The start of the machine, by which a process of another clone can be judged. */
  boot: string
  run: string | null
  /** UTC, ISO 8601, by the holder's clock. */
  claimed_at: string
  renewed_at: string
  ttl_s: number
  branch: string | null
  /** The commit that was checked out; of a finished item, the one that finished it. */
  commit: string | null
  /** The holder's processes: on their own host they decide at once whether it lives, across clones too. */
  anchors: readonly Anchor[]
  /** Of a session lock: what it is held for. */
  purpose?: string | null
}

export type SharedReading =
  | { kind: 'record'; record: SharedRecord }
  /** Of a later version, or damaged: never free. */
  | { kind: 'unreadable'; why: string }

const STATES: readonly unknown[] = ['held', 'released', 'done']

/** Reads a record's JSON. */
export function parseSharedRecord(text: string): SharedReading {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { kind: 'unreadable', why: 'it is not JSON' }
  }
  return readSharedRecord(data)
}

/** Reads a record from data that was JSON. */
export function readSharedRecord(data: unknown): SharedReading {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return { kind: 'unreadable', why: 'it is not an object' }
  const fields = data as Record<string, unknown>
  if (typeof fields.v === 'number' && fields.v > RECORD_VERSION)
    return { kind: 'unreadable', why: `it was written by a newer wrk (format ${fields.v})` }
  const wrong = firstWrongField(fields)
  if (wrong) return { kind: 'unreadable', why: `${wrong} is missing or malformed` }
  return {
    kind: 'record',
    record: { ...fields, anchors: fields.anchors ?? [] } as unknown as SharedRecord,
  }
}

/** As JSON in one line, keys in a fixed order first, so that the same record is the same text. */
export function sharedRecordText(record: SharedRecord): string {
  const { v, id, state, epoch, nonce, session, agent, host, clone, boot, run, ...rest } = record
  return JSON.stringify({ v, id, state, epoch, nonce, session, agent, host, clone, boot, run, ...rest })
}

/** The name that holds it: the session, or a helper within it. */
export function holderOf({ session, agent }: Pick<SharedRecord, 'session' | 'agent'>): string {
  return agent === null ? session : `${session}/${agent}`
}

const text = (value: unknown): boolean => typeof value === 'string' && value !== ''
const textOrNull = (value: unknown): boolean => value === null || typeof value === 'string'
const instant = (value: unknown): boolean => typeof value === 'string' && parseInstant(value) !== null

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  v: value => value === RECORD_VERSION,
  id: text,
  state: value => STATES.includes(value),
  epoch: value => Number.isSafeInteger(value) && (value as number) >= 1,
  nonce: text,
  session: text,
  agent: textOrNull,
  host: value => typeof value === 'string',
  clone: text,
  boot: value => typeof value === 'string',
  run: textOrNull,
  claimed_at: instant,
  renewed_at: instant,
  ttl_s: value => typeof value === 'number' && Number.isFinite(value) && value >= 0,
  branch: textOrNull,
  commit: textOrNull,
  purpose: value => value === undefined || textOrNull(value),
  anchors: value => value === undefined || (Array.isArray(value) && value.every(isAnchor)),
}

function firstWrongField(fields: Record<string, unknown>): string | undefined {
  return Object.keys(FIELDS).find(name => !FIELDS[name]!(fields[name]))
}

function isAnchor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { pid, started, boot, pidns, host } = value as Record<string, unknown>
  return Number.isSafeInteger(pid) && [started, boot, pidns, host].every(one => typeof one === 'string')
}
