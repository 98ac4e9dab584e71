/** Changing one item as the caller: how set, archive and the transitions begin. */
import type { Hold } from '../../core/claims/record.ts'
import { type ItemId, parseId } from '../../core/items/ids.ts'
import type { Current } from '../../store/items/current-item.ts'
import { changeItem } from '../../store/items/item-store.ts'
import { findItem } from '../../store/items/places/find-item.ts'
import type { ItemDecision } from '../../store/items/publication-of.ts'
import { summary } from '../claims/item-summary.ts'
import type { Refused } from '../claims/permission.ts'
import { sharedClaims } from '../claims/remote-claim.ts'
import { type Context, prepareState } from '../context.ts'
import { type Caller, register } from '../sessions/caller.ts'
import { showSession } from '../sessions/show-sessions.ts'
import { completeMoves } from './transitions/complete-moves.ts'

/**
 * Finds the item, completes what crashes left, registers the caller, and changes the item under its guard.
 * @param decide as for changeItem
 * @param refusedAs the answer where another clone holds the item
 * @returns the result, with the warnings of the change among its own
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function changeAsCaller<T extends { warnings: string[] }>(
  context: Context,
  idText: string,
  decide: (current: Current, caller: Caller) => ItemDecision<T>,
  refusedAs: (refused: Refused) => T,
): Promise<{ id: ItemId; caller: Caller; result: T }> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  // An item that is not there ends the call before anything is written.
  const places = findItem(store, id)
  prepareState(context)
  await completeMoves(context)
  const caller = await register(context)
  const shared = await sharedClaims(context)
  if (shared) {
    const attempt = (onlyLook: boolean) =>
      lookOrChange(store, id, places, onlyLook, current => decide(current, caller))
    const { result, warnings } = await shared.changeForAll(context, id, caller, attempt, refusedAs)
    result.warnings.push(...warnings)
    return { id, caller, result }
  }
  const { result, warnings } = await changeItem(store, id, places, current => decide(current, caller))
  result.warnings.push(...warnings)
  if (caller.began) result.warnings.push(...(await showSession(context, caller.session, false)))
  return { id, caller, result }
}

/** Decides, and writes unless it is only a look; with how the decision changes who holds the item. */
async function lookOrChange<T>(
  store: Context['store'],
  id: ItemId,
  places: Parameters<typeof changeItem>[2],
  onlyLook: boolean,
  decide: (current: Current) => ItemDecision<T>,
) {
  const { result, warnings } = await changeItem(store, id, places, current => {
    const decision = decide(current)
    const hold = decision.kind === 'change' ? (decision.hold ?? KEEP) : null
    const looked = { result: decision.result, hold, item: summary(current) }
    return onlyLook ? { kind: 'leave', result: looked } : { ...decision, result: looked }
  })
  return { ...result, warnings }
}

const KEEP: Hold = { kind: 'keep' }
