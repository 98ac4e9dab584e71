/**
 * Gives items up for all clones: a tombstone, or `done`. The local change comes first; what cannot be sent now is
 * queued, and sent by the next command that reaches the engine.
 */
import { decideSharedEnd } from '../../../core/coordination/decide.ts'
import { RECORD_VERSION, type SharedRecord } from '../../../core/coordination/record.ts'
import type { EntryKey } from '../../../core/coordination/ref-name.ts'
import { WrkError } from '../../../core/errors.ts'
import { stamp } from '../../../core/time.ts'
import { claimantOf, headOf, holderHere, newNonce, type SharedCaller } from './claimant.ts'
import type { Shared } from './open-shared.ts'
import { unreadableClaim, writeRecord } from './take-claim.ts'

export interface GiveUpRequest {
  key: EntryKey
  id: string
  /** The session and the helper that release, as the local record names them. */
  holder: Pick<SharedCaller, 'session' | 'agent'>
  state: 'released' | 'done'
  force: boolean
}

export type GivingUp =
  | { kind: 'sent' }
  /** The engine knew of no claim of this holder. */
  | { kind: 'nothing' }
  | { kind: 'heldByOther'; by: SharedRecord }
  /** Free here; sent to the engine later. */
  | { kind: 'queued'; why: string }

/** @throws WrkError INVALID_ITEM when the shared record is unreadable */
export async function giveUpClaim(shared: Shared, request: GiveUpRequest): Promise<GivingUp> {
  const { notes, context } = shared
  const local = notes.local.read(request.key)
  if (local) {
    notes.local.remove(request.key)
    if (request.state === 'released') return { kind: 'nothing' }
  }
  try {
    return await send(shared, request)
  } catch (error) {
    if (!(error instanceof WrkError) || !['UNREACHABLE', 'BUSY', 'IO'].includes(error.code)) throw error
    const record = notes.held.read(request.key)?.record ?? firstRecord(shared, request)
    const { key, state } = request
    notes.queued.write(key, { key, state, record: { ...record, state }, at: stamp(context.clock()) })
    notes.held.remove(key)
    return { kind: 'queued', why: error.message }
  }
}

const ROUNDS = 5

async function send(shared: Shared, request: GiveUpRequest): Promise<GivingUp> {
  const { engine, notes, context } = shared
  const { key, id, state, force } = request
  const held = notes.held.read(key)
  let entry = held
    ? { key, revision: held.revision, reading: { kind: 'record' as const, record: held.record } }
    : await engine.read(key)
  for (let round = 0; round < ROUNDS; round++) {
    const decision = decideSharedEnd(
      entry?.reading ?? null,
      {
        holder: holderHere(shared, request.holder),
        state,
        nonce: newNonce(shared),
        commit: state === 'done' ? headOf(shared).commit : null,
        first: state === 'done' ? firstRecord(shared, request) : null,
        epoch: null,
        force,
      },
      context.clock(),
    )
    if (decision.kind === 'unreadable') throw unreadableClaim(id, decision.why)
    if (decision.kind !== 'write') {
      notes.held.remove(key)
      return decision.kind === 'heldByOther' ? decision : { kind: 'nothing' }
    }
    const swap = await writeRecord(shared, key, entry, decision.record)
    if (swap.kind === 'applied') {
      notes.intents.remove(key, decision.record.nonce)
      return { kind: 'sent' }
    }
    entry = swap.current as typeof entry
  }
  return { kind: 'queued', why: 'others changed it at the same moment' }
}

/** For an item that nobody has claimed before. */
function firstRecord(shared: Shared, { id, holder, state }: GiveUpRequest): SharedRecord {
  const at = stamp(shared.context.clock())
  const claimant = claimantOf(shared, { ...holder, anchors: [] }, id, { nonce: newNonce(shared) })
  return { v: RECORD_VERSION, state, epoch: 1, claimed_at: at, renewed_at: at, ...claimant }
}
