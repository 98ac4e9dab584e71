/**
 * Session locks that the engine holds for all clones and hosts. The holder is the run: of two clones that were given one
 * run id, each is another holder. The local lock stays and is decided first; no network is touched under its guard.
 */
import type { SharedRecord } from '../../../core/coordination/record.ts'
import type { EntryKey } from '../../../core/coordination/ref-name.ts'
import { WrkError } from '../../../core/errors.ts'
import type { Anchor } from '../../../core/sessions/session.ts'
import { humanDuration } from '../../../core/time.ts'
import type { Context } from '../../context.ts'
import { giveUpClaim } from '../engine/give-up.ts'
import { livenessOf, noteSeen } from '../engine/observe.ts'
import { sharedOf } from '../engine/open-shared.ts'
import { leaseLeftMs, renewClaims } from '../engine/renew-claims.ts'
import { settleNotes } from '../engine/settle-notes.ts'
import { type Taking, takeClaim } from '../engine/take-claim.ts'

export interface SharedLockRequest {
  name: string
  runId: string
  /** The process that lives as long as the holder, if one is known. */
  anchor: Anchor | null
  ttlMs: number
  purpose: string | null
}

const keyOf = (name: string): EntryKey => ({ kind: 'locks', name })
const idOf = (name: string): string => `lock:${name}`

/** @throws WrkError UNREACHABLE: the lock was not claimed; BUSY, IO, INVALID_ITEM, USAGE (not coordinated) */
export async function takeLockForAll(context: Context, request: SharedLockRequest): Promise<Taking> {
  const shared = await sharedOf(context)
  const { name, runId, anchor, ttlMs, purpose } = request
  // What an earlier run left is settled first; of a lock, nothing that was not written down here is kept.
  await settleNotes(shared, () => false)
  try {
    return await takeClaim(shared, {
      key: keyOf(name),
      id: idOf(name),
      caller: { session: runId, agent: null, anchors: anchor ? [anchor] : [] },
      run: runId,
      force: null,
      deadHolder: null,
      reopens: true,
      // Two clones of one host are two holders, also with one run id.
      more: { ttl_s: ttlMs / 1000, purpose, boot: '' },
    })
  } catch (error) {
    if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
    throw new WrkError('UNREACHABLE', `lock ${name} was not claimed: ${error.message}`, {
      hint: 'Try again, or hold it on this host only: leave out --remote',
      details: error.details,
      cause: error,
    })
  }
}

export type KeptLock =
  /** The engine does not hold it for this run: it is a lock of this host alone. */
  | { kind: 'notShared' }
  | { kind: 'held'; warning: string | null }
  /** Another run has it, or the lease is over and could not be renewed. */
  | { kind: 'lost'; why: string }

/** A renewal in the engine where one is due. */
export async function keepLockForAll(context: Context, name: string, runId: string): Promise<KeptLock> {
  const shared = await sharedOf(context)
  const key = keyOf(name)
  const note = shared.notes.held.read(key)
  if (note?.record.session !== runId) return { kind: 'notShared' }
  const { lost, failed } = await renewClaims(
    shared,
    one => one.key.kind === 'locks' && one.key.name === name && one.record.session === runId,
  )
  if (lost[0]) {
    const { by } = lost[0]
    return { kind: 'lost', why: by ? `taken over by ${by.session} on ${by.host}` : 'released in the engine' }
  }
  if (!failed) return { kind: 'held', warning: null }
  const left = leaseLeftMs(shared, note)
  const why = `could not be renewed in ${shared.engine.where}: ${failed.why}`
  return left > 0
    ? { kind: 'held', warning: `${why}; it lasts ${humanDuration(left)} more` }
    : { kind: 'lost', why: `${why}, and its time is over` }
}

/** Gives it up in the engine, if this run holds it there; what cannot be sent now is queued. @returns warnings */
export async function giveUpLockForAll(context: Context, name: string, runId: string): Promise<string[]> {
  const shared = await sharedOf(context)
  const key = keyOf(name)
  if (shared.notes.held.read(key)?.record.session !== runId) return []
  const end = await giveUpClaim(shared, {
    key,
    id: idOf(name),
    holder: { session: runId, agent: null },
    state: 'released',
    force: false,
  })
  return end.kind === 'queued'
    ? [`lock ${name} is free here; other hosts learn of it with the next wrk command (${end.why})`]
    : []
}

/** A lock as the engine has it. */
export interface SharedLock {
  record: SharedRecord
  verdict: 'alive' | 'dead' | 'unknown'
  reason: string
  isOurs: boolean
}

/** Who holds a lock in the engine; null: nobody. @throws WrkError UNREACHABLE, INVALID_ITEM */
export async function readLockForAll(context: Context, name: string): Promise<SharedLock | null> {
  const shared = await sharedOf(context)
  const entry = await shared.engine.read(keyOf(name))
  if (!entry) return null
  noteSeen(shared, [entry])
  if (entry.reading.kind === 'unreadable')
    throw new WrkError(
      'INVALID_ITEM',
      `the shared record of lock ${name} cannot be read: ${entry.reading.why}`,
    )
  const { record } = entry.reading
  if (record.state !== 'held') return null
  const held = shared.notes.held.read(keyOf(name))
  return { record, ...livenessOf(shared, record), isOurs: held?.revision === entry.revision }
}
