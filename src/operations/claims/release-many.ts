/** Releases every item of a holder. One that cannot be released does not stop the others. */
import { asIoError } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { ItemId } from '../../core/items/ids.ts'
import { noSession } from '../../core/sessions/identity.ts'
import { readRecord } from '../../store/claims/record-file.ts'
import { readItems, readQueue } from '../../store/items/item-reader.ts'
import { type ItemReading, isBlocked } from '../../store/items/item-reading.ts'
import type { ItemPlace } from '../../store/items/places/item-places.ts'
import { type Context, prepareState } from '../context.ts'
import { completeMoves } from '../items/transitions/complete-moves.ts'
import { type Caller, resolveCaller } from '../sessions/caller.ts'
import { summary } from './item-summary.ts'
import { claimsOf } from './lost-claims.ts'
import { type InPlace, NOT_RELEASED, type ReleaseResult, releaseAs } from './release.ts'

/** Releases every item that this holder has. What cannot be released is among the results, and holds up no other. */
export async function releaseMine(context: Context): Promise<ReleaseResult[]> {
  const { identity, caller } = await resolveCaller(context)
  if (!identity) throw noSession()
  if (!caller) return []
  prepareState(context)
  await completeMoves(context)
  return releaseAll(context, caller, holder => holder === caller.holder)
}

/**
 * Releases what the given holders have, as if each did it; also tries what the caller has claimed and what says no more
 * who holds it. An item that cannot be changed does not keep others from being released.
 * @param among the items to look at; all unless given
 */
export async function releaseAll(
  context: Context,
  caller: Caller,
  isHolder: (holder: string) => boolean,
  { among, ...inPlace }: InPlace & { among?: readonly ItemPlace[] } = {},
): Promise<ReleaseResult[]> {
  const { store } = context
  const claims = claimsOf(context, caller.session)
  const claimed = new Set(claims.map(({ key }) => key))
  const readings = await (among ? readItems(store, among) : readQueue(store, one => one))
  const isHeld = ({ lock, place, problems }: ItemReading) =>
    lock ? isHolder(lock.by) : isBlocked({ problems }) && claimed.has(place.key)
  const results: ReleaseResult[] = []
  const there = new Set(readings.map(({ place }) => place.key))
  for (const key of new Set(readings.filter(isHeld).map(({ place }) => place.key))) {
    const copies = readings.filter(({ place }) => place.key === key)
    const reading = copies.find(isHeld)!
    const holder = reading.lock?.by ?? caller.holder
    const places = copies.map(({ place }) => place)
    try {
      results.push(await releaseAs(context, { ...caller, holder }, idOf(reading), places, {}, inPlace))
    } catch (error) {
      results.push(failed(reading, error))
    }
  }
  // Items with missing files may still be held.
  if (!among)
    for (const { key, id } of claims.filter(({ key }) => !there.has(key)))
      await releaseGone(context, caller, { key, display: id }, isHolder, inPlace, results)
  return results
}

async function releaseGone(
  context: Context,
  caller: Caller,
  id: ItemId,
  isHolder: (holder: string) => boolean,
  inPlace: InPlace,
  results: ReleaseResult[],
): Promise<void> {
  const { host, stateDir } = context.store
  const { reading } = readRecord(host.disk, stateDir, id.key)
  if (reading.kind !== 'record' || reading.record.state !== 'held' || !isHolder(reading.record.holder)) return
  results.push(await releaseAs(context, { ...caller, holder: reading.record.holder }, id, [], {}, inPlace))
}

function failed(reading: ItemReading, failure: unknown): ReleaseResult {
  const error = asIoError(failure, 'input/output failed')
  if (!(error instanceof WrkError)) throw failure
  const item = summary(reading)
  return { ...NOT_RELEASED, reason: 'failed', item, error, warnings: [] }
}

function idOf({ place, item }: ItemReading): ItemId {
  return { key: place.key, display: item.id }
}
