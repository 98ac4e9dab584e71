/**
 * Decides what may become of a record that all clones share. Pure: the caller reads the record, says what this
 * machine knows of its holder, and writes whatever comes back by compare-and-swap on that very record.
 */
import type { Liveness } from '../sessions/liveness.ts'
import { stamp } from '../time.ts'
import { judgeStaleness } from './lease.ts'
import { holderOf, RECORD_VERSION, type SharedReading, type SharedRecord } from './record.ts'

/** What distinguishes one holder from another. */
type HolderField = 'session' | 'agent' | 'host' | 'clone' | 'boot'
export type SharedHolder = Pick<SharedRecord, HolderField>

/** Who asks, and what the record is to say of it. */
export type Claimant = Pick<
  SharedRecord,
  'id' | 'nonce' | HolderField | 'run' | 'ttl_s' | 'branch' | 'commit' | 'anchors' | 'purpose'
>

export interface SharedClaimRequest {
  claimant: Claimant
  /** Take it from whoever holds it, or open what is finished; the reason that was given. */
  force: string | null
  /** Open what is finished, and nothing else. */
  reopens?: boolean
  /** `dead-only`: a provably living holder keeps its items whatever their age. */
  takeover: 'ttl' | 'dead-only'
}

/** What this machine knows of the holder beside the record. */
export interface HolderFacts {
  /** For how long this host has seen this very object; null when it has not seen it before. */
  seenForMs: number | null
  /** What the holder's processes show where they can be looked at: on their own host. */
  liveness: Liveness
}

export type SharedClaimDecision =
  | { kind: 'granted' | 'renewed'; record: SharedRecord }
  | { kind: 'takenOver'; record: SharedRecord; from: SharedRecord; because: TakeoverCause; reason: string }
  | { kind: 'held'; by: SharedRecord; reason: string }
  | { kind: 'done'; by: SharedRecord }
  /** Damaged, or of a newer version: never free. */
  | { kind: 'unreadable'; why: string }

type TakeoverCause = 'dead' | 'ttl' | 'forced'

/** @param reading null when there is no record */
export function decideSharedClaim(
  reading: SharedReading | null,
  { claimant, force, reopens = false, takeover }: SharedClaimRequest,
  facts: HolderFacts,
  now: Date,
): SharedClaimDecision {
  if (reading?.kind === 'unreadable') return reading
  const old = reading?.record ?? null
  const record = (): SharedRecord => heldBy(claimant, (old?.epoch ?? 0) + 1, now)
  if (!old || old.state === 'released') return { kind: 'granted', record: record() }
  if (old.state === 'done')
    return force === null && !reopens ? { kind: 'done', by: old } : { kind: 'granted', record: record() }
  if (isSameHolder(old, claimant)) return { kind: 'renewed', record: renewed(old, claimant, now) }

  const takenOver = (because: TakeoverCause, reason: string): SharedClaimDecision => ({
    kind: 'takenOver',
    record: record(),
    from: old,
    because,
    reason,
  })
  // Doubt is never death: only a proof, or the whole TTL as this machine counts it, frees another's item.
  if (facts.liveness.verdict === 'dead')
    return takenOver('dead', `its holder is dead (${facts.liveness.reason})`)
  const staleness = judgeStaleness(old, facts.seenForMs, now)
  const keeps = takeover === 'dead-only' && facts.liveness.verdict === 'alive'
  if (staleness.stale && !keeps) return takenOver('ttl', staleness.why)
  if (force !== null) return takenOver('forced', `forced: ${force}`)
  return { kind: 'held', by: old, reason: facts.liveness.reason }
}

/**
 * Whether a record is the caller's own: of the same clone, or of another on the same start of the machine. The same name
 * elsewhere (`WRK_SESSION_ID=nightly` in two jobs, on hosts that are both called "runner") is another holder.
 */
export function isSameHolder(record: SharedHolder, other: SharedHolder): boolean {
  const isHere = record.clone === other.clone || (record.boot !== '' && record.boot === other.boot)
  return holderOf(record) === holderOf(other) && isHere
}

function heldBy(claimant: Claimant, epoch: number, now: Date): SharedRecord {
  const at = stamp(now)
  return { v: RECORD_VERSION, state: 'held', epoch, claimed_at: at, renewed_at: at, ...claimant }
}

function renewed(old: SharedRecord, claimant: Claimant, now: Date): SharedRecord {
  // A clock that was set back must not make the record look older than it is.
  const at = stamp(now)
  return {
    ...old,
    ...claimant,
    run: claimant.run ?? old.run,
    state: 'held',
    renewed_at: at > old.renewed_at ? at : old.renewed_at,
  }
}

export type SharedEndDecision =
  | { kind: 'write'; record: SharedRecord }
  /** Nothing to release: it is already free or finished. */
  | { kind: 'already'; state: 'none' | 'released' | 'done' }
  | { kind: 'heldByOther'; by: SharedRecord }
  | { kind: 'unreadable'; why: string }

export interface SharedEndRequest {
  holder: SharedHolder
  /** `released` gives the item up, `done` closes it for everybody. */
  state: 'released' | 'done'
  nonce: string
  /** The commit that finished it, if known. */
  commit: string | null
  /** What is written for an item that has no record; null: nothing. */
  first: SharedRecord | null
  /** The epoch that the caller holds by; an older one than the record's is behind. Null: whichever. */
  epoch: number | null
  force: boolean
}

/** Decides a release, or the end of an item. Only its holder can release it, by its epoch. */
export function decideSharedEnd(
  reading: SharedReading | null,
  { holder, state, nonce, commit, first, epoch, force }: SharedEndRequest,
  now: Date,
): SharedEndDecision {
  if (reading?.kind === 'unreadable') return reading
  if (!reading) return first ? { kind: 'write', record: first } : { kind: 'already', state: 'none' }
  const { record: old } = reading
  if (old.state === 'done' || old.state === state) return { kind: 'already', state: old.state as 'done' }
  const isMine = isSameHolder(old, holder) && (epoch === null || epoch === old.epoch)
  if (old.state === 'held' && !isMine && !force) return { kind: 'heldByOther', by: old }
  return {
    kind: 'write',
    record: { ...old, state, nonce, renewed_at: stamp(now), commit: commit ?? old.commit },
  }
}
