/** Who holds items in other clones, as this clone last saw it or as the engine says now. */
import type { SharedEntry } from '../../coordination/engine.ts'
import { holderOf } from '../../core/coordination/record.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { stamp } from '../../core/time.ts'
import type { SharedView } from '../claims/remote-claim.ts'
import type { Context } from '../context.ts'
import { holderHere } from './claimant.ts'
import { noteSeen } from './observe.ts'
import { claimKey, type Shared, sharedOf } from './open-shared.ts'

/**
 * @param remote ask the engine; without it, what was last seen, with its age
 * @returns null when no other clone holds it, as far as is known
 * @throws WrkError UNREACHABLE when it is to be asked
 */
export async function viewElsewhere(
  context: Context,
  key: ItemKey,
  remote: boolean,
): Promise<SharedView | null> {
  const shared = await sharedOf(context)
  const { engine } = shared
  if (remote || !engine.listLastSeen) {
    const entry = await engine.read(claimKey(key))
    if (entry) noteSeen(shared, [entry])
    return entry && elsewhereOf(shared, entry, context.clock())
  }
  const seen = await engine.listLastSeen()
  const entry = seen?.entries.find(one => one.key.kind === 'claims' && one.key.name === key)
  return entry && seen ? elsewhereOf(shared, entry, seen.at) : null
}

/** An entry as somebody who looks sees it; null for one that is nobody's, or this clone's own. */
export function elsewhereOf(shared: Shared, { reading }: SharedEntry, at: Date): SharedView | null {
  if (reading.kind === 'unreadable')
    return {
      state: 'unreadable',
      session_id: null,
      host: null,
      branch: null,
      epoch: null,
      claimed_at: null,
      renewed_at: null,
      as_of: stamp(at),
    }
  const { record } = reading
  const isOurs = record.clone === holderHere(shared, { session: '', agent: null }).clone
  if (record.state === 'released' || isOurs) return null
  const { state, host, branch, epoch, claimed_at, renewed_at } = record
  return {
    state,
    session_id: holderOf(record),
    host,
    branch,
    epoch,
    claimed_at,
    renewed_at,
    as_of: stamp(at),
  }
}
