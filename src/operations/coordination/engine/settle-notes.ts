/**
 * Completes what earlier commands left: changes without an answer, and releases that could not be sent. Part of
 * every command that deals with the engine; with nothing left it reads two folders.
 */
import type { SharedEntry } from '../../../coordination/engine.ts'
import { isSameHolder } from '../../../core/coordination/decide.ts'
import type { SharedRecord } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import { judgeAnchor } from '../../../core/sessions/liveness.ts'
import { stamp } from '../../../core/time.ts'
import type { IntentNote, QueuedNote } from '../../../store/coordination/shared-notes.ts'
import { newNonce } from './claimant.ts'
import { type Shared, tickNow } from './open-shared.ts'

export interface SettledNotes {
  /** Releases and endings that were sent now. */
  sent: string[]
  /** Still unsent. */
  waiting: string[]
}

/**
 * @param isHeldHere whether this clone's own record says that this holder has the item
 * @throws WrkError UNREACHABLE only when `mustReach`
 */
export async function settleNotes(
  shared: Shared,
  isHeldHere: (record: SharedRecord) => boolean,
  mustReach = false,
): Promise<SettledNotes> {
  const settled: SettledNotes = { sent: [], waiting: [] }
  const intents = shared.notes.intents.list().filter(note => isAbandoned(shared, note))
  const queued = shared.notes.queued.list()
  try {
    for (const note of intents) await settleIntent(shared, note, isHeldHere)
    for (const note of queued) await sendQueued(shared, note, settled)
  } catch (error) {
    if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE' || mustReach) throw error
  }
  settled.waiting = shared.notes.queued.list().map(({ record }) => record.id)
  return settled
}

/** Its sender is gone, so nobody else will settle it. */
function isAbandoned({ context }: Shared, { by }: IntentNote): boolean {
  const { verdict } = judgeAnchor(by, { here: context.store.host.self.place, look: context.store.host.look })
  return verdict === 'dead' || (by.pid === process.pid && verdict === 'alive')
}

/**
 * A claim that the engine has and this clone never wrote down is given back. One that the engine does not have may
 * still be on its way: a tombstone in its place makes sure that it comes too late.
 */
async function settleIntent(
  shared: Shared,
  { key, from, revision, record }: IntentNote,
  isHeldHere: (record: SharedRecord) => boolean,
): Promise<void> {
  const { engine, notes, context } = shared
  let current = await engine.read(key)
  for (;;) {
    const isApplied = current?.revision === revision
    const isOpen = !isApplied && (current?.revision ?? null) === from
    if (record.state !== 'held' || !(isApplied || isOpen)) break
    const at = stamp(context.clock())
    if (isApplied && isHeldHere(record)) {
      notes.held.write(key, { key, revision, record, sent: tickNow(shared), sentAt: at })
      break
    }
    const epoch = Math.max(record.epoch, epochOf(current))
    const tombstone = {
      ...record,
      state: 'released' as const,
      nonce: newNonce(shared),
      renewed_at: at,
      epoch,
    }
    const swap = await engine.compareAndSwap({ key, expected: current, record: tombstone })
    if (swap.kind === 'unknown') return
    notes.held.remove(key)
    // The claim itself may have arrived in between: then that is what is given back.
    if (swap.kind !== 'conflict' || swap.current?.revision !== revision) break
    current = swap.current
  }
  notes.intents.remove(key, record.nonce)
}

const epochOf = (entry: SharedEntry | null): number =>
  entry?.reading.kind === 'record' ? entry.reading.record.epoch : 0

/** Only what this very holder still has is given up: meanwhile another may have taken it. */
async function sendQueued(
  shared: Shared,
  { key, state, record }: QueuedNote,
  settled: SettledNotes,
): Promise<void> {
  const { engine, notes, context } = shared
  const current = await engine.read(key)
  const there = current?.reading.kind === 'record' ? current.reading.record : null
  const isMine =
    there !== null && isSameHolder(there, record) && there.epoch === record.epoch && there.state !== 'done'
  if (isMine || (current === null && state === 'done')) {
    const next = {
      ...(there ?? record),
      state,
      nonce: newNonce(shared),
      renewed_at: stamp(context.clock()),
      commit: record.commit,
    }
    const swap = await engine.compareAndSwap({ key, expected: current, record: next })
    if (swap.kind === 'unknown' || swap.kind === 'refused') return
    if (swap.kind === 'applied') settled.sent.push(record.id)
  }
  notes.queued.remove(key)
}
