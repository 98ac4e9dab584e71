/**
 * Takes an item for all clones: the second decision beside the local one. Called with no guard held. The caller has
 * decided locally that it may have the item; afterwards it looks again under the guard and writes, then `complete`s, or
 * `undo`es what was taken here.
 */
import { type SharedEntry, type Swap, unreachable } from '../../../coordination/engine.ts'
import { decideSharedClaim } from '../../../core/coordination/decide.ts'
import { holderOf, type SharedRecord } from '../../../core/coordination/record.ts'
import type { EntryKey } from '../../../core/coordination/ref-name.ts'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { stamp } from '../../../core/time.ts'
import { ownAnchor } from '../../context.ts'
import { claimantOf, newNonce, type SharedCaller } from './claimant.ts'
import { factsOf, livenessOf, noteSeen } from './observe.ts'
import { type Shared, tickNow } from './open-shared.ts'

export interface TakeRequest {
  key: EntryKey
  /** The item as people write it. */
  id: string
  caller: SharedCaller
  run: string | null
  force: string | null
  /** Open what is finished. */
  reopens?: boolean
  /** Why this clone's own state says that the present holder is dead. */
  deadHolder: { holder: string; reason: string } | null
  /** What the record says otherwise than of an item. */
  more?: Partial<Pick<SharedRecord, 'ttl_s' | 'purpose' | 'boot'>>
}

export type Taking =
  | {
      kind: 'taken'
      how: 'granted' | 'renewed' | 'takenOver'
      record: SharedRecord
      /** Whom it was taken over from, and why. */
      from: SharedRecord | null
      reason: string | null
      /** The local write is done: nothing is left to settle. */
      complete(): void
      /** Gives back what was taken here. */
      undo(): Promise<void>
    }
  | { kind: 'held'; by: SharedRecord; verdict: 'alive' | 'unknown'; reason: string }
  | { kind: 'done'; by: SharedRecord }

/** Others may be quicker several times in a row; each time it is decided again on their result. */
const ROUNDS = 8

/**
 * @throws WrkError UNREACHABLE (69): nothing was claimed here; BUSY (75): it is not known whether it was, the next
 *   command settles it; IO: the server refuses; INVALID_ITEM: the record is unreadable, or of a newer version
 */
export async function takeClaim(shared: Shared, request: TakeRequest): Promise<Taking> {
  const { engine } = shared
  const { key } = request
  // Null is an item that was seen to have no record; undefined, that nothing was seen yet.
  let entry = await engine.lastSeen?.(key)
  let isFresh = false
  const look = async (): Promise<void> => {
    entry = await engine.read(key)
    isFresh = true
    if (entry) noteSeen(shared, [entry])
  }
  if (entry === undefined) await look()
  for (let round = 0; round < ROUNDS; round++) {
    const decision = decideOn(shared, request, entry ?? null)
    if ('record' in decision) {
      const swap = await writeRecord(shared, key, entry ?? null, decision.record)
      if (swap.kind === 'applied') return taken(shared, key, swap.revision, decision)
      entry = swap.current
      isFresh = true
      if (entry) noteSeen(shared, [entry])
      continue
    }
    // What was last seen may be over: only what the engine says now refuses anybody.
    if (!isFresh) {
      await look()
      continue
    }
    if (decision.kind === 'done') return decision
    if (decision.kind === 'held') {
      const { verdict } = livenessOf(shared, decision.by)
      return { ...decision, verdict: verdict === 'alive' ? verdict : 'unknown' }
    }
    throw unreadableClaim(request.id, decision.why)
  }
  throw new WrkError('BUSY', `${request.id} was changed by others several times in a row`, {
    hint: 'Try again.',
  })
}

function decideOn(shared: Shared, request: TakeRequest, entry: SharedEntry | null) {
  const { context } = shared
  const about = { run: request.run, nonce: newNonce(shared) }
  const claimant = { ...claimantOf(shared, request.caller, request.id, about), ...request.more }
  const record = entry?.reading.kind === 'record' ? entry.reading.record : null
  const isOfHere = record !== null && record.clone === claimant.clone
  const dead = request.deadHolder
  const isDead = isOfHere && dead !== null && holderOf(record) === dead.holder ? dead.reason : null
  return decideSharedClaim(
    entry?.reading ?? null,
    {
      claimant,
      force: request.force,
      reopens: request.reopens ?? false,
      takeover: context.store.settings.takeover,
    },
    factsOf(shared, entry, isDead),
    context.clock(),
  )
}

/** Writes a record under a note of the intent; the note stays where the answer never came. */
export async function writeRecord(
  shared: Shared,
  key: EntryKey,
  expected: SharedEntry | null,
  record: SharedRecord,
): Promise<Extract<Swap, { kind: 'applied' | 'conflict' }>> {
  const { engine, notes, context } = shared
  const change = { key, expected, record }
  const at = stamp(context.clock())
  const by = ownAnchor(context.store.host)
  const revision = engine.revisionOf(change)
  notes.intents.write(key, { key, from: expected?.revision ?? null, revision, record, at, by }, record.nonce)
  const sent = tickNow(shared)
  const swap = await engine.compareAndSwap(change)
  if (swap.kind === 'applied') {
    if (record.state === 'held')
      notes.held.write(key, { key, revision: swap.revision, record, sent, sentAt: at })
    else notes.held.remove(key)
    return swap
  }
  if (swap.kind !== 'unknown') notes.intents.remove(key, record.nonce)
  if (swap.kind === 'conflict') return swap
  if (swap.kind === 'refused')
    throw new WrkError('IO', `${engine.where} refuses the claim: ${printable(swap.reason, 200)}`, {
      hint: 'Nothing was changed. What the server must allow: docs/machines.md',
      details: { engine: engine.where, reason: swap.reason },
    })
  if (!swap.reachable) throw unreachable(engine.where, printable(swap.reason, 200))
  throw new WrkError(
    'BUSY',
    `${engine.where} did not say whether ${record.id} was claimed: ${printable(swap.reason, 200)}`,
    {
      hint: 'Try again: the next wrk command settles it.',
      details: { engine: engine.where },
    },
  )
}

function taken(
  shared: Shared,
  key: EntryKey,
  revision: string,
  decision: Extract<ReturnType<typeof decideSharedClaim>, { record: SharedRecord }>,
): Taking {
  const { record, kind } = decision
  const complete = (): void => shared.notes.intents.remove(key, record.nonce)
  return {
    kind: 'taken',
    how: kind,
    record,
    from: decision.kind === 'takenOver' ? decision.from : null,
    reason: decision.kind === 'takenOver' ? decision.reason : null,
    complete,
    async undo() {
      complete()
      if (kind === 'renewed') return
      const now = stamp(shared.context.clock())
      const tombstone = { ...record, state: 'released' as const, nonce: newNonce(shared), renewed_at: now }
      const expected = { key, revision, reading: { kind: 'record' as const, record } }
      await writeRecord(shared, key, expected, tombstone)
      shared.notes.intents.remove(key, tombstone.nonce)
    },
  }
}

export function unreadableClaim(id: string, why: string): WrkError {
  return new WrkError('INVALID_ITEM', `the shared record of ${id} cannot be read: ${printable(why, 200)}`, {
    hint: 'Update wrk here; nobody can claim the item until then.',
  })
}
