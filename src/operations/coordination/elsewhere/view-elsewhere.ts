/** Who holds items in other clones, as this clone last saw it or as the engine says now. */
import type { SharedEntry } from '../../../coordination/engine.ts'
import { judgeStaleness } from '../../../core/coordination/lease.ts'
import { holderOf } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemKey } from '../../../core/items/ids.ts'
import { stamp } from '../../../core/time.ts'
import type { ElsewhereView, SharedView } from '../../claims/remote-claim.ts'
import type { Context } from '../../context.ts'
import { holderHere } from '../engine/claimant.ts'
import { factsOf, noteSeen } from '../engine/observe.ts'
import { type Shared, sharedOf } from '../engine/open-shared.ts'

/** @throws WrkError USAGE when the queue is not coordinated; UNREACHABLE when the engine is to be asked */
export async function viewAllElsewhere(context: Context, remote: boolean): Promise<ElsewhereView> {
  const shared = await sharedOf(context)
  const seen = remote ? await askNow(shared) : await lastSeen(shared)
  const items = new Map<ItemKey, SharedView>()
  for (const entry of seen.entries) {
    const view = entry.key.kind === 'claims' ? elsewhereOf(shared, entry, seen.at!) : null
    if (view) items.set(entry.key.name as ItemKey, view)
  }
  const age = seen.at && (context.clock().getTime() - seen.at.getTime()) / 1000
  return {
    engine: shared.engine.where,
    as_of: seen.at && stamp(seen.at),
    age_s: age === null ? null : Math.max(0, Math.round(age)),
    items,
    localOnly: new Set(shared.notes.local.list().map(({ key }) => key.name as ItemKey)),
    warnings: seen.warning === null ? [] : [seen.warning],
  }
}

interface Seen {
  entries: readonly SharedEntry[]
  /** Null: nothing was seen yet. */
  at: Date | null
  warning: string | null
}

async function askNow(shared: Shared): Promise<Seen> {
  const { engine, context, notes } = shared
  try {
    const entries = await engine.list()
    const at = context.clock()
    noteSeen(shared, entries, true)
    if (!engine.listLastSeen) notes.view.write({ at: stamp(at), entries })
    return { entries, at, warning: null }
  } catch (error) {
    if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
    throw new WrkError('UNREACHABLE', error.message, {
      hint: 'Try again, or see what was last seen: leave out --remote',
      details: error.details,
      cause: error,
    })
  }
}

/** What looks again and again asks no more often than this. */
const LATELY_MS = 5_000

/** An engine that keeps nothing here is asked; where it cannot be reached, what was noted when it last was. */
async function lastSeen(shared: Shared): Promise<Seen> {
  const { engine, notes } = shared
  const none = { entries: [], at: null, warning: null }
  if (engine.listLastSeen) return { ...none, ...(await engine.listLastSeen()) }
  const noted = notes.view.read()
  const age = noted && shared.context.clock().getTime() - Date.parse(noted.at)
  if (noted && age !== null && age >= 0 && age < LATELY_MS)
    return { entries: noted.entries, at: new Date(noted.at), warning: null }
  try {
    return await askNow(shared)
  } catch (error) {
    if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
    const warning = `${error.message}; claims of other clones are as last seen`
    return noted ? { entries: noted.entries, at: new Date(noted.at), warning } : { ...none, warning }
  }
}

/** An entry as somebody who looks sees it; null for one that is nobody's, or this clone's own. */
export function elsewhereOf(shared: Shared, entry: SharedEntry, at: Date): SharedView | null {
  const { reading } = entry
  const as_of = stamp(at)
  if (reading.kind === 'unreadable') return { ...UNREADABLE, as_of }
  const { record } = reading
  const isOurs = record.clone === holderHere(shared, { session: '', agent: null }).clone
  if (record.state === 'released' || isOurs) return null
  const { state, host, branch, epoch, claimed_at, renewed_at } = record
  const liveness = state === 'held' ? livenessNow(shared, entry, record) : null
  return { state, session_id: holderOf(record), host, branch, epoch, claimed_at, renewed_at, liveness, as_of }
}

const UNREADABLE = {
  state: 'unreadable',
  session_id: null,
  host: null,
  branch: null,
  epoch: null,
  claimed_at: null,
  renewed_at: null,
  liveness: null,
} as const

/** As a claim would judge it now: one that it would take over is dead or stale. */
function livenessNow(
  shared: Shared,
  entry: SharedEntry,
  record: Parameters<typeof judgeStaleness>[0],
): SharedView['liveness'] {
  const { context } = shared
  const { seenForMs, liveness } = factsOf(shared, entry, null)
  if (liveness.verdict === 'dead') return 'dead'
  const keeps = context.store.settings.takeover === 'dead-only' && liveness.verdict === 'alive'
  return judgeStaleness(record, seenForMs, context.clock()).stale && !keeps ? 'stale' : liveness.verdict
}
