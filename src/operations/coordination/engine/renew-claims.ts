/** Keeps a session's claims alive for all clones: one round to the engine, however many there are. */
import { isSameHolder, type SharedHolder } from '../../../core/coordination/decide.ts'
import { ownLeaseLeftMs, ticksBetween } from '../../../core/coordination/lease.ts'
import type { SharedRecord } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import { parseInstant, stamp } from '../../../core/time.ts'
import type { HeldNote } from '../../../store/coordination/shared-notes.ts'
import { headOf, newNonce } from './claimant.ts'
import { type Shared, tickNow } from './open-shared.ts'

export interface LostClaim {
  id: string
  key: HeldNote['key']
  /** Who holds it now; null when nobody does. */
  by: SharedRecord | null
}

export interface Renewal {
  renewed: string[]
  lost: LostClaim[]
  /** Why some could not be renewed, and how long the shortest lease of them lasts. */
  failed: { why: string; leftMs: number } | null
}

/** Whether a claim is due: four renewals fit into its TTL. */
export function isDue(shared: Shared, { record, sent, sentAt }: HeldNote): boolean {
  const age = ticksBetween(sent, tickNow(shared)) ?? sinceMs(shared, sentAt)
  return age >= (record.ttl_s * 1000) / 4
}

/** How much is left of a claim's lease, as its holder counts it. */
export function leaseLeftMs(shared: Shared, { record, sent, sentAt }: HeldNote): number {
  return ownLeaseLeftMs(record.ttl_s * 1000, sent, tickNow(shared), sinceMs(shared, sentAt))
}

function sinceMs({ context }: Shared, at: string): number {
  return context.clock().getTime() - (parseInstant(at)?.getTime() ?? 0)
}

/** Renews claims of this clone in one round. */
export async function renewClaims(shared: Shared, which: (note: HeldNote) => boolean): Promise<Renewal> {
  const { engine, notes, context } = shared
  const held = notes.held.list().filter(note => note.record.state === 'held' && which(note))
  const renewal: Renewal = { renewed: [], lost: [], failed: null }
  if (held.length === 0) return renewal
  const { branch, commit } = headOf(shared)
  const changes = held.map(({ key, revision, record }) => ({
    key,
    expected: { key, revision, reading: { kind: 'record' as const, record } },
    record: {
      ...record,
      nonce: newNonce(shared),
      renewed_at: later(stamp(context.clock()), record.renewed_at),
      branch,
      commit,
    },
  }))
  const sent = tickNow(shared)
  const sentAt = stamp(context.clock())
  const swaps = await engine.compareAndSwapAll(changes).catch((error: unknown) => {
    if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
    return changes.map(() => ({ kind: 'unknown' as const, reason: error.message, reachable: false }))
  })
  for (const [i, swap] of swaps.entries()) {
    const { key, record } = changes[i]!
    const note = held[i]!
    if (swap.kind === 'applied') {
      notes.held.write(key, { key, revision: swap.revision, record, sent, sentAt })
      renewal.renewed.push(record.id)
    } else if (swap.kind === 'conflict') settleConflict(shared, note, swap.current, renewal)
    else {
      const leftMs = leaseLeftMs(shared, note)
      if (!renewal.failed || leftMs < renewal.failed.leftMs) renewal.failed = { why: swap.reason, leftMs }
    }
  }
  return renewal
}

/** Another process of this holder may have renewed it; else it is lost. */
function settleConflict(
  shared: Shared,
  note: HeldNote,
  current: { revision: string; reading: { kind: string } } | null,
  renewal: Renewal,
): void {
  const { notes } = shared
  const { key } = note
  const record =
    current?.reading.kind === 'record'
      ? (current.reading as unknown as { record: SharedRecord }).record
      : null
  const isOurs = record?.state === 'held' && isSameHolder(record, note.record as SharedHolder)
  if (current && record && isOurs) {
    // Written by whoever renewed it; the lease is counted from our own older note, which is the safe side.
    notes.held.write(key, { ...note, key, revision: current.revision, record })
    renewal.renewed.push(record.id)
    return
  }
  notes.held.remove(key)
  renewal.lost.push({ id: note.record.id, key, by: record?.state === 'released' ? null : record })
}

/** A clock that was set back must not make the record look older. */
const later = (a: string, b: string): string => (a > b ? a : b)
