/**
 * How a session learns that it lost an item: it has an entry of a claim, but the item's record names another holder, or
 * none.
 */
import { isFailure } from '../../core/errno.ts'
import { type NewEvent, takesLock } from '../../core/log/event.ts'
import { belongsTo } from '../../core/sessions/session.ts'
import { type SessionClaim, sessionClaims } from '../../store/claims/session-claims.ts'
import { completeLeft } from '../../store/items/change-record.ts'
import type { Current } from '../../store/items/current-item.ts'
import { readItems, settleCopies } from '../../store/items/item-reader.ts'
import type { ItemReading } from '../../store/items/item-reading.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import { readEvents } from '../../store/log/read-log.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'

/** An item that the session thinks it holds and does not. */
export interface Superseded {
  id: string
  /** Who holds it now; null when nobody does. */
  by: string | null
  /** When it was taken, and why, as far as the event log still shows. */
  at: string | null
  reason: string | null
}

/** What a session has claimed and not given up, the latest last. */
export function claimsOf({ store }: Context, session: string): SessionClaim[] {
  return sessionClaims(store.host.disk, store.stateDir, session)
}

/**
 * Compares a session's claims with the items' records. Items that are gone or cannot be read are passed over.
 * @param except an item of which the caller knows already
 */
export async function supersededClaims(
  context: Context,
  session: string,
  except?: string,
): Promise<Superseded[]> {
  const readings = await readClaimed(
    context,
    claimsOf(context, session).filter(({ id }) => id !== except),
  )
  return supersededAmong(context, session, readings)
}

/**
 * The same, and the ids of items that the session holds although git or an editor removed its lock of their
 * files. A change that was cut short is completed first: nobody took that item's lock. Also what is to be said of
 * committed copies that git put back.
 */
export async function lostClaims(
  context: Context,
  session: string,
): Promise<{ superseded: Superseded[]; dropped: string[]; warnings: string[] }> {
  const { store } = context
  const isDropped = (one: ItemReading) => one.takenOut && isHeldBy(one, session)
  const claims = claimsOf(context, session)
  let readings = await readClaimed(context, claims)
  let isChanged = false
  for (const { place, item } of readings.filter(isDropped)) {
    try {
      if (await completeLeft(store, { key: place.key, display: item.id })) isChanged = true
    } catch (error) {
      // That it cannot be completed now is left to the next command.
      if (!isFailure(error)) throw error
    }
  }
  if (isChanged) readings = await readClaimed(context, claims)
  return {
    superseded: supersededAmong(context, session, readings),
    dropped: readings.filter(one => isDropped(one) && !one.isUnshown).map(({ item }) => item.id),
    warnings: readings.flatMap(({ item, problems }) =>
      problems.filter(({ code }) => code === 'put-back-copy').map(({ message }) => `${item.id}: ${message}`),
    ),
  }
}

function supersededAmong(context: Context, session: string, readings: readonly ItemReading[]): Superseded[] {
  return readings
    .filter(reading => !isHeldBy(reading, session))
    .flatMap(({ item, lock }) => howLost(context, session, item.id, lock?.by ?? null) ?? [])
}

function isHeldBy({ lock }: ItemReading, session: string): boolean {
  return lock !== null && belongsTo(lock.by, session)
}

async function readClaimed({ store }: Context, claims: readonly SessionClaim[]): Promise<ItemReading[]> {
  const keys = new Set(claims.map(({ key }) => key))
  if (keys.size === 0) return []
  const files = await readItems(store, placesOf(store.host.disk, store.root, ...keys))
  const readings = [...keys].flatMap(key => {
    const all = files.filter(({ place }) => place.key === key)
    return all.length > 1 ? settleCopies(store, all) : all
  })
  // A file that cannot be read may still have a record that shows.
  return readings.filter(({ record, problems }) => record !== null || !problems.some(({ blocks }) => blocks))
}

/**
 * Asks the event log how a session lost an item.
 * @param by who holds it now
 * @param unlogged events that come after those in the log
 * @returns null for an item that is free and that nobody took: it was given up
 */
export function howLost(
  context: Context,
  sessionId: string,
  id: string,
  by: string | null,
  unlogged: readonly NewEvent[] = [],
): Superseded | null {
  const taking = eventsOf(context, id, unlogged)
    .filter(
      ({ type, previous_holder, session }) =>
        // Who was refused took nothing.
        type !== 'refused' &&
        previous_holder &&
        previous_holder !== session &&
        belongsTo(previous_holder, sessionId),
    )
    .at(-1)
  if (by === null && !taking) return null
  return { id, by, at: taking?.time ?? null, reason: taking?.reason ?? null }
}

/** How the caller lost an item that it does not hold; null when it never held it, or gave it up. */
export function howCallerLost(
  context: Context,
  { item, lock, place, unlogged }: Pick<Current, 'item' | 'lock' | 'place' | 'unlogged'>,
  { session, holder }: Caller,
): Superseded | null {
  if (!claimsOf(context, session).some(({ key }) => key === place.key)) return null
  if (!lock || !belongsTo(lock.by, session))
    return howLost(context, session, item.id, lock?.by ?? null, unlogged)
  // Held within the session: the entry is the holder's own, unless the log says that it took the item from the caller.
  const taking = eventsOf(context, item.id, unlogged)
    .filter(({ type }) => takesLock(type) && type !== 'renewed')
    .at(-1)
  if (taking?.session !== lock.by || taking.previous_holder !== holder) return null
  return { id: item.id, by: lock.by, at: taking.time, reason: taking.reason }
}

function eventsOf({ store }: Context, id: string, unlogged: readonly NewEvent[]): NewEvent[] {
  return [...readEvents(store.host.disk, store.stateDir), ...unlogged].filter(({ item }) => item === id)
}

/** One sentence about a lost item. */
export function describeLoss({ id, by, at, reason }: Superseded): string {
  const since = at ? ` at ${at}` : ''
  const why = reason ? ` (${reason})` : ''
  return by
    ? `${id} was taken over by ${by}${since}${why}`
    : `${id} is no longer yours: it was taken${since}${why}`
}
