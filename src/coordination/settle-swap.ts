/**
 * Carries one compare-and-swap through to an answer that can be relied on. An engine says what one attempt's answer
 * means; where it means nothing, the entry is read back and the very same change tried again, which is safe: it names
 * the same object and the same predecessor, so it applies once or not at all. Bounded in tries and time.
 */
import type { SharedRecord } from '../core/coordination/record.ts'
import { WrkError } from '../core/errors.ts'
import { sleep } from '../system/clock.ts'
import type { EntryChange, SharedEntry, Swap } from './engine.ts'

/** What the answer to one attempt says by itself. */
export type Attempt =
  | { kind: 'applied' }
  /** The engine said no; why, only reading back shows. `passing`: possibly because of others at the same moment. */
  | { kind: 'rejected'; reason: string; passing: boolean }
  | { kind: 'unknown'; reason: string }

export interface SwapWays {
  attempt: (change: EntryChange) => Promise<Attempt>
  /** @throws WrkError UNREACHABLE */
  read: () => Promise<SharedEntry | null>
  revisionOf: (change: EntryChange) => string
  /** Whether what the change relied on beside the entry itself is still so; a rejection is a conflict otherwise. */
  isCurrent?: (() => boolean) | undefined
}

const TRIES = 4
const PAUSE_MS = 150
/** No further try begins after this. */
const PATIENCE_S = 40

/** @param first the answer to an attempt that was made already */
export async function settleSwap(change: EntryChange, ways: SwapWays, first?: Attempt): Promise<Swap> {
  const swap = await tryUntilKnown(change, ways, first)
  if (swap.kind !== 'unknown' || !swap.reachable || change.record.state !== 'held') return swap
  // It can be read but the change neither applies nor fails: a tombstone on the same predecessor takes its place.
  const tombstone = { ...change, record: tombstoneOf(change.record) }
  const settled = await tryUntilKnown(tombstone, ways)
  if (settled.kind === 'conflict')
    return settled.current?.revision === ways.revisionOf(change)
      ? { kind: 'applied', revision: settled.current.revision }
      : settled
  if (settled.kind !== 'applied') return swap
  const reading = { kind: 'record', record: tombstone.record } as const
  return { kind: 'conflict', current: { key: change.key, revision: settled.revision, reading } }
}

async function tryUntilKnown(change: EntryChange, ways: SwapWays, first?: Attempt): Promise<Swap> {
  const mine = ways.revisionOf(change)
  // Not performance.now(), for which Node would load a module at every claim.
  const begun = process.uptime()
  let reason = ''
  for (let tries = 1; ; tries++) {
    const attempt = (tries === 1 && first) || (await ways.attempt(change))
    if (attempt.kind === 'applied') return { kind: 'applied', revision: mine }
    reason = attempt.reason
    const current = await readBack(ways)
    if (current === 'unreachable') return { kind: 'unknown', reason, reachable: false }
    if (current?.revision === mine) return { kind: 'applied', revision: mine }
    if (current?.revision !== change.expected?.revision || ways.isCurrent?.() === false)
      return { kind: 'conflict', current }
    const isOver = tries >= TRIES || process.uptime() - begun > PATIENCE_S
    // Unchanged, and the engine said no: its own words, unless others were in its way at that moment.
    if (attempt.kind === 'rejected' && (isOver || !attempt.passing)) return { kind: 'refused', reason }
    if (isOver) return { kind: 'unknown', reason, reachable: true }
    await sleep(PAUSE_MS * tries * (0.5 + Math.random()))
  }
}

async function readBack({ read }: SwapWays): Promise<SharedEntry | null | 'unreachable'> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof WrkError && error.code === 'UNREACHABLE') return 'unreachable'
    throw error
  }
}

/** Releases what may or may not have been claimed; a nonce of its own, made from the claim's. */
function tombstoneOf(record: SharedRecord): SharedRecord {
  return { ...record, state: 'released', nonce: `${record.nonce}-settled` }
}
