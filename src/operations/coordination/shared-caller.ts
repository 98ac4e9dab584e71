/** Who calls, as the engine's record says it, and what this clone's own records say of an item's holder. */
import { holderOf, type SharedRecord } from '../../core/coordination/record.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { listedSession } from '../../core/sessions/session.ts'
import { readRecord } from '../../store/claims/record-file.ts'
import { type Context, currentRegistry } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'
import type { SharedCaller } from './engine/claimant.ts'

export async function sharedCaller(
  context: Context,
  { session, holder, identity }: Caller,
): Promise<SharedCaller> {
  const listed = listedSession(await currentRegistry(context), session)
  const anchors = listed?.anchors ?? (identity.anchor ? [identity.anchor] : [])
  return { session, agent: helperOf(holder, session), anchors }
}

export const helperOf = (holder: string, session: string): string | null =>
  holder === session ? null : holder.slice(session.length + 1)

export function isHeldHere({ store }: Context, record: SharedRecord): boolean {
  return localHolder(store, record.id.toLowerCase().replace('#', '-') as ItemKey) === holderOf(record)
}

export function localHolder({ host, stateDir }: Context['store'], key: ItemKey): string | null {
  const { reading } = readRecord(host.disk, stateDir, key)
  return reading.kind === 'record' && reading.record.state === 'held' ? reading.record.holder : null
}
