/**
 * The record of an item: who holds it, apart from the file that git and editors rewrite (contract, sections 3 and 5).
 * A claim is its record; the frontmatter shows it. Pure: reads and makes the text of `.wrk/claims/KEY`.
 */
import { parseInstant } from '../time.ts'
import type { Lock } from './lock.ts'

type RecordState = 'held' | 'released' | 'done'

/** What wrk last wrote into the item: by these values others can tell its writing from a person's. */
export interface Snapshot {
  /** The record's revision when it was written. */
  rev: number
  /** Below the queue: `working/WRK-157.md`. */
  path: string
  /** Text by key; null for a field that is missing or empty. */
  fields: Readonly<Record<string, string | null>>
}

export interface ItemRecord {
  id: string
  state: RecordState
  /** Who holds it, or held it last; '' when nobody ever did. */
  holder: string
  run: string | null
  /** Rises by one when the item gets a new holder, and never falls. */
  epoch: number
  /** Rises by one with every change of the record. */
  rev: number
  claimedAt: string | null
  /** What the file shows, or should, as `locked_at`. */
  lockedAt: string | null
  renewedAt: string | null
  /** When and why it was given up; null while it is held. */
  left: { at: string; why: string | null } | null
  /**
   * Every pair of `locked_by` and `locked_at` that the item ever showed: times by holder, as seconds in base 36 between
   * blanks. An item that is held for a year and renewed every hour has 8,760 of them.
   */
  shown: Readonly<Record<string, string>>
  /** The newest last. */
  snapshots: readonly Snapshot[]
  /**
   * The file that a claim was made on, by its mark: its record is published first. While the item is still that very
   * file, its lines were never written, since the claim was cut short. Null when the file was not to be written.
   */
  madeOn: string | null
}

/** As many as may be in commits that are being made at once. */
const MOST_SNAPSHOTS = 8

export type RecordReading =
  | { kind: 'none' }
  | { kind: 'record'; record: ItemRecord }
  /** Never free: somebody may hold the item. */
  | { kind: 'unreadable'; why: string; isNewer?: boolean }

const VERSION = 1

/** @param text the file's content; an empty file says nothing, as a machine that lost power may leave it */
export function parseRecord(text: string): RecordReading {
  if (text === '') return { kind: 'none' }
  let data: Record<string, unknown>
  try {
    data = JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { kind: 'unreadable', why: 'not valid JSON' }
  }
  if (data === null || typeof data !== 'object') return { kind: 'unreadable', why: 'not a JSON object' }
  if (data.v !== VERSION) {
    const isNewer = Number(data.v) > VERSION
    const why = isNewer ? `written by a newer wrk (version ${String(data.v)})` : 'no version'
    return { kind: 'unreadable', why, isNewer }
  }
  const record = recordFrom(data)
  return record ? { kind: 'record', record } : { kind: 'unreadable', why: 'a field is missing or malformed' }
}

function recordFrom(data: Record<string, unknown>): ItemRecord | null {
  const { id, state, holder, run, epoch, rev, left, shown, snapshots } = data
  const text = (value: unknown) => value === null || typeof value === 'string'
  const count = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const sound =
    typeof id === 'string' &&
    (state === 'held' || state === 'released' || state === 'done') &&
    typeof holder === 'string' &&
    (state !== 'held' || holder !== '') &&
    text(run) &&
    count(epoch) &&
    count(rev) &&
    [data.claimed_at, data.locked_at, data.renewed_at].every(text) &&
    (left === null || isObject(left)) &&
    isObject(shown) &&
    Object.values(shown as object).every(times => typeof times === 'string') &&
    Array.isArray(snapshots)
  if (!sound) return null
  return {
    id,
    state,
    holder,
    run: run as string | null,
    epoch: epoch as number,
    rev: rev as number,
    claimedAt: data.claimed_at as string | null,
    lockedAt: data.locked_at as string | null,
    renewedAt: data.renewed_at as string | null,
    left: left as ItemRecord['left'],
    shown: shown as Record<string, string>,
    snapshots: snapshots as Snapshot[],
    madeOn: typeof data.made_on === 'string' ? data.made_on : null,
  }
}

export function recordText(record: ItemRecord): string {
  const {
    id,
    state,
    holder,
    run,
    epoch,
    rev,
    claimedAt,
    lockedAt,
    renewedAt,
    left,
    shown,
    snapshots,
    madeOn,
  } = record
  return `${JSON.stringify({
    v: VERSION,
    id,
    state,
    holder,
    run,
    epoch,
    rev,
    claimed_at: claimedAt,
    locked_at: lockedAt,
    renewed_at: renewedAt,
    left,
    shown,
    snapshots,
    ...(madeOn === null ? {} : { made_on: madeOn }),
  })}\n`
}

/** Whether the item once showed this lock: then it is history, whatever brought it back. */
export function hasShown({ shown }: ItemRecord, { by, at }: Lock): boolean {
  return at !== null && Object.hasOwn(shown, by) && ` ${shown[by]} `.includes(` ${packed(at)} `)
}

function packed(at: Date): string {
  return Math.floor(at.getTime() / 1000).toString(36)
}

/** How a change of an item changes who holds it. */
export type Hold =
  /** `sign`: the heartbeat, where that is not `at`. */
  | { kind: 'take'; holder: string; run: string | null; at: string; showsNew: boolean; sign?: string }
  | { kind: 'give'; state: 'released' | 'done'; at: string; why: string | null }
  /** Whoever holds it goes on. */
  | { kind: 'keep' }

/** The record after a change. @param before null for an item that has none */
export function nextRecord(id: string, before: ItemRecord | null, hold: Hold): ItemRecord {
  const old = before ?? NEW
  const record = { ...old, id, rev: old.rev + 1, madeOn: null }
  if (hold.kind === 'keep') return record
  if (hold.kind === 'give')
    return { ...record, state: hold.state, run: null, left: { at: hold.at, why: hold.why } }
  const { holder, run, at } = hold
  const isSame = old.state === 'held' && old.holder === holder
  const lockedAt = hold.showsNew || !isSame || old.lockedAt === null ? at : old.lockedAt
  return {
    ...record,
    state: 'held',
    holder,
    run,
    epoch: isSame ? old.epoch : old.epoch + 1,
    claimedAt: isSame ? old.claimedAt : at,
    lockedAt,
    renewedAt: hold.sign ?? at,
    left: null,
    shown: withPair(old.shown, holder, parseInstant(lockedAt)),
  }
}

const NEW: ItemRecord = {
  id: '',
  state: 'released',
  holder: '',
  run: null,
  epoch: 0,
  rev: 0,
  claimedAt: null,
  lockedAt: null,
  renewedAt: null,
  left: null,
  shown: {},
  snapshots: [],
  madeOn: null,
}

function withPair(shown: ItemRecord['shown'], by: string, at: Date | null): ItemRecord['shown'] {
  if (at === null) return shown
  const times = Object.hasOwn(shown, by) ? shown[by]! : ''
  const time = packed(at)
  if (` ${times} `.includes(` ${time} `)) return shown
  // A holder may be called `__proto__`: such a name is a key like any other.
  const others = Object.entries(shown).filter(([key]) => key !== by)
  return Object.fromEntries([...others, [by, times === '' ? time : `${times} ${time}`]])
}

/** A lock that the file shows although the record did not write it: from then on it is history. */
export function withShown(record: ItemRecord, lock: Lock): ItemRecord {
  return { ...record, shown: withPair(record.shown, lock.by, lock.at) }
}

/** Adds what is written into the item now; fields that were written before are kept with it. */
export function withSnapshot(record: ItemRecord, path: string, fields: Snapshot['fields']): ItemRecord {
  const before = record.snapshots.at(-1)?.fields ?? {}
  const snapshot = { rev: record.rev, path, fields: { ...before, ...fields } }
  return { ...record, snapshots: [...record.snapshots, snapshot].slice(-MOST_SNAPSHOTS) }
}

/** The lock of a held record. */
export function lockOf({ holder, lockedAt }: ItemRecord): Lock {
  return { by: holder, at: lockedAt === null ? null : parseInstant(lockedAt) }
}
