/**
 * The local claim with the engine's decision around it. The local decision stays and is made twice under the guard: once
 * to see whether the engine need be asked, and once more to write. No network is touched while a guard is held.
 */
import { holderOf, type SharedRecord } from '../../../core/coordination/record.ts'
import { WrkError } from '../../../core/errors.ts'
import type { ItemId } from '../../../core/items/ids.ts'
import { stamp } from '../../../core/time.ts'
import type { ItemChange } from '../../../store/items/item-store.ts'
import type { ClaimedItem, OwnClaimOptions, RefusedClaim } from '../../claims/claim.ts'
import type { SharedState, TakenElsewhere } from '../../claims/remote-claim.ts'
import type { Context } from '../../context.ts'
import type { Caller } from '../../sessions/caller.ts'
import { finishedElsewhere, holderElsewhere } from '../elsewhere/elsewhere.ts'
import { claimKey, type Shared, sharedOf } from '../engine/open-shared.ts'
import { type Taking, takeClaim } from '../engine/take-claim.ts'
import { sharedCaller } from '../shared-caller.ts'
import { keepForAll } from './keep-for-all.ts'

type Claiming = ItemChange<ClaimedItem | RefusedClaim>

/**
 * Claims an item here and for all clones.
 * @param attempt the local claim: only the look, or the write; gets the holder whose claim the engine took over
 * @throws WrkError UNREACHABLE, BUSY, IO, CLOSED (finished in another clone), INVALID_ITEM
 */
export async function claimForAll(
  context: Context,
  id: ItemId,
  caller: Caller,
  options: OwnClaimOptions,
  attempt: (onlyLook: boolean, from: TakenElsewhere | null) => Promise<Claiming>,
): Promise<Claiming> {
  const look = await attempt(true, null)
  if (look.result.kind === 'held') return look
  const shared = await sharedOf(context)
  const { item, kind, from } = look.result
  const local = (why: string) => claimLocally(shared, id, caller, attempt, why)
  if (options.local) return local('--local')
  let taking: Taking
  const warnings = await keepForAll(context, caller.session)
  try {
    taking = await takeClaim(shared, {
      key: claimKey(id.key),
      id: item.id,
      caller: await sharedCaller(context, caller),
      run: options.run?.id ?? options.runId ?? null,
      force: options.force ?? null,
      deadHolder: kind === 'takenOver' && from ? { holder: from.locked_by, reason: from.reason } : null,
    })
  } catch (error) {
    if (!(error instanceof WrkError) || error.code !== 'UNREACHABLE') throw error
    if (shared.settings.offline === 'local') return local(error.message)
    throw notClaimed(item.id, error)
  }
  if (taking.kind === 'done') throw finishedElsewhere(item.id, taking.by)
  if (taking.kind === 'held') {
    const { item, session } = look.result
    return {
      result: { kind: 'held', item, session, holder: holderElsewhere(taking, context.clock()), warnings: [] },
      warnings,
    }
  }
  const won = await writeUnder(
    taking,
    () => attempt(false, taken(taking)),
    ({ result }) => result.kind !== 'held',
  )
  if (won.result.kind !== 'held') {
    shared.notes.local.remove(claimKey(id.key))
    won.result.coordination = stateOf(shared, taking.record)
  }
  won.warnings.push(...warnings)
  return won
}

/** Writes locally what the engine has granted; what cannot be written here is given back. */
export async function writeUnder<C>(
  taking: Extract<Taking, { kind: 'taken' }>,
  write: () => Promise<C>,
  isWritten: (change: C) => boolean,
): Promise<C> {
  let change: C
  try {
    change = await write()
  } catch (error) {
    // The first error is what the caller has to hear; the intent stays for the next command where this fails too.
    await taking.undo().catch(() => undefined)
    throw error
  }
  if (isWritten(change)) taking.complete()
  else await taking.undo()
  return change
}

async function claimLocally(
  shared: Shared,
  id: ItemId,
  { session, holder }: Caller,
  attempt: (onlyLook: boolean, from: TakenElsewhere | null) => Promise<Claiming>,
  why: string,
): Promise<Claiming> {
  const { notes, context, engine } = shared
  const change = await attempt(false, null)
  if (change.result.kind === 'held') return change
  const key = claimKey(id.key)
  if (notes.held.read(key)) return change
  notes.local.write(key, {
    key,
    id: change.result.item.id,
    session,
    holder,
    at: stamp(context.clock()),
    reason: why,
  })
  change.result.coordination = { engine: engine.where, scope: 'local', epoch: null }
  change.warnings.push(
    `${change.result.item.id} is claimed in this clone only${why === '--local' ? '' : ` (${why})`}; others may claim it too. Publish it with: wrk claim ${change.result.item.id}`,
  )
  return change
}

function stateOf({ engine }: Shared, { epoch }: SharedRecord): SharedState {
  return { engine: engine.where, scope: 'shared', epoch }
}

function taken({ from, reason }: Extract<Taking, { kind: 'taken' }>): TakenElsewhere | null {
  return from && { locked_by: holderOf(from), locked_at: from.claimed_at, reason: `${reason} (${from.host})` }
}

function notClaimed(id: string, error: WrkError): WrkError {
  return new WrkError('UNREACHABLE', `${id} was not claimed: ${error.message}`, {
    hint: `Try again, or claim it in this clone only: wrk claim ${id} --local`,
    details: error.details,
    cause: error,
  })
}
