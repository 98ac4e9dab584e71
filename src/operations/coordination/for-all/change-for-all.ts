/** Changes of an item by its holder, with the engine's word that nobody else has it. */
import type { Hold } from '../../../core/claims/record.ts'
import { holderOf } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemId, ItemKey } from '../../../core/items/ids.ts'
import type { ItemChange } from '../../../store/items/item-store.ts'
import type { HolderInfo } from '../../claims/holder.ts'
import type { ItemSummary } from '../../claims/item-summary.ts'
import type { Refused } from '../../claims/permission.ts'
import type { Context } from '../../context.ts'
import type { Caller } from '../../sessions/caller.ts'
import { finishedElsewhere, holderElsewhere } from '../elsewhere/elsewhere.ts'
import { claimKey, type Shared, sharedOf } from '../engine/open-shared.ts'
import { leaseLeftMs } from '../engine/renew-claims.ts'
import { settleNotes } from '../engine/settle-notes.ts'
import { takeClaim } from '../engine/take-claim.ts'
import { isHeldHere, sharedCaller } from '../shared-caller.ts'
import { writeUnder } from './claim-for-all.ts'
import { giveUpForAll } from './give-up-for-all.ts'

/** What a change of an item does to who holds it. */
interface ChangeAttempt<T> extends ItemChange<T> {
  hold: Hold | null
  item: ItemSummary
}

/**
 * Changes an item as its holder, for all clones: begins with the engine's word that nobody else has it, and ends with
 * telling what happened to the claim.
 */
export async function changeForAll<T extends { warnings: string[] }>(
  context: Context,
  id: ItemId,
  caller: Caller,
  attempt: (onlyLook: boolean) => Promise<ChangeAttempt<T>>,
  refusedAs: (refused: Refused) => T,
): Promise<ItemChange<T>> {
  const look = await attempt(true)
  const { hold, item } = look
  const refused = (holder: HolderInfo): T => {
    const why = { kind: 'held' as const, holder, superseded: null }
    return refusedAs({ kind: 'refused', item, why, warnings: [] })
  }
  if (!hold) return look
  const shared = await sharedOf(context)
  if (hold.kind === 'keep') {
    const other = await seenElsewhere(shared, id.key, caller)
    return other ? { result: refused(other), warnings: [] } : attempt(false)
  }
  const note = shared.notes.held.read(claimKey(id.key))
  const isSure = note !== null && holderOf(note.record) === caller.holder && leaseLeftMs(shared, note) > 0
  if (hold.kind === 'give' && (isSure || shared.notes.local.read(claimKey(id.key)))) {
    const change = await attempt(false)
    return { ...change, warnings: [...change.warnings, ...(await ended(context, id, caller, hold, change))] }
  }
  await settleNotes(shared, record => isHeldHere(context, record))
  const taking = await takeClaim(shared, {
    key: claimKey(id.key),
    id: id.display,
    caller: await sharedCaller(context, caller),
    run: hold.kind === 'take' ? hold.run : null,
    // What is finished elsewhere is reopened by whoever reopens it, or finished again.
    force: null,
    reopens: hold.kind === 'give',
    deadHolder: null,
  }).catch((error: unknown) => {
    throw error instanceof WrkError && error.code === 'UNREACHABLE' ? notChanged(id.display, error) : error
  })
  if (taking.kind === 'held')
    return { result: refused(holderElsewhere(taking, context.clock())), warnings: [] }
  if (taking.kind === 'done') throw finishedElsewhere(id.display, taking.by)
  const change = await writeUnder(
    taking,
    () => attempt(false),
    one => one.hold !== null,
  )
  const warnings = [...change.warnings]
  if (taking.from) warnings.push(`took over ${id.display} from ${holderOf(taking.from)}: ${taking.reason}`)
  if (hold.kind === 'give') warnings.push(...(await ended(context, id, caller, hold, change)))
  return { ...change, warnings }
}

function notChanged(id: string, error: WrkError): WrkError {
  return new WrkError('UNREACHABLE', `${id} was not changed: ${error.message}`, {
    hint: 'Another clone may hold it. Try again when the engine can be reached.',
    details: error.details,
    cause: error,
  })
}

async function ended(
  context: Context,
  id: ItemId,
  caller: Caller,
  hold: Extract<Hold, { kind: 'give' }>,
  change: Pick<ChangeAttempt<unknown>, 'hold'>,
): Promise<string[]> {
  // Nothing was changed: it was refused at the second look.
  if (change.hold === null) return []
  return (await giveUpForAll(context, id, { holder: caller.holder, state: hold.state })).warnings
}

/** Who holds an item elsewhere as far as this clone has seen; asks nobody. */
async function seenElsewhere(shared: Shared, key: ItemKey, caller: Caller): Promise<HolderInfo | null> {
  const entry = await shared.engine.lastSeen?.(claimKey(key))
  const record = entry?.reading.kind === 'record' ? entry.reading.record : null
  if (record?.state !== 'held' || holderOf(record) === caller.holder) return null
  const reason = `it runs on another machine (${record.host})`
  return holderElsewhere({ by: record, verdict: 'unknown', reason }, shared.context.clock())
}
