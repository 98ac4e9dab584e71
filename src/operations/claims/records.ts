/**
 * What the registry keeps of a session's claims, and how a session learns that it was superseded: it has a
 * record of a claim, but the item names another holder, or none.
 */

import { nextSign } from '../../core/claims/lock.ts'
import { keyOfField } from '../../core/items/ids.ts'
import { isAboutLock, type NewEvent, takesLock } from '../../core/log/event.ts'
import { belongsTo, type ClaimRecord, listedSession, type Session } from '../../core/sessions/session.ts'
import { stamp } from '../../core/time.ts'
import { type ItemReading, isBlocked, readItems } from '../../store/items/item-reader.ts'
import type { Current } from '../../store/items/item-store.ts'
import { intentsIn } from '../../store/leftovers.ts'
import { readEvents } from '../../store/log/event-log.ts'
import { placesOf } from '../../store/queue.ts'
import { quoted, quotedOrNull, type Values, writeClaims } from '../../store/sessions/registry-text.ts'
import { changeRegistry, type RegistryChange } from '../../store/sessions/session-registry.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'

/**
 * Changes a session's claim records, and with them what it is working on. A session that is not listed has none.
 * @param isItself whether the session itself calls, which is a sign of life; what another does for it is none
 * @returns the records as they now are
 */
export async function recordClaims(
  { store, clock }: Context,
  sessionId: string,
  edit: (claims: readonly ClaimRecord[]) => readonly ClaimRecord[],
  isItself = true,
): Promise<readonly ClaimRecord[]> {
  const now = clock()
  const { result } = await changeRegistry(store.host, store.registry, registry => {
    const session = listedSession(registry, sessionId)
    if (!session || registry.kind !== 'registry') return { change: null, result: [] }
    const claims = edit(session.claims)
    return { change: claimsChange(session, claims, registry.current, now, isItself), result: claims }
  })
  return result
}

function claimsChange(
  session: Session,
  claims: readonly ClaimRecord[],
  current: string | null,
  now: Date,
  isItself: boolean,
): RegistryChange {
  const active = claims.at(-1)?.id ?? null
  const values: Values = {
    ...(isItself ? { heartbeat_at: quoted(stamp(nextSign(session.heartbeatAt, now))) } : {}),
    active_wrk: quotedOrNull(active),
    claims: writeClaims(claims),
  }
  const top: Values = {
    ...(current === session.id ? { active_wrk: quoted(active ?? '') } : {}),
    updated_at: quoted(stamp(now)),
  }
  return { top, add: [], set: [{ id: session.id, values }], remove: [], rebuiltAt: null }
}

/** One item fewer. */
export const without =
  (id: string) =>
  (claims: readonly ClaimRecord[]): readonly ClaimRecord[] =>
    claims.filter(claim => claim.id !== id)

/** An item that the session thinks it holds and does not. */
export interface Superseded {
  id: string
  /** Who holds it now; null when nobody does. */
  by: string | null
  /** When it was taken, and why, as far as the event log still tells. */
  at: string | null
  reason: string | null
}

/** Compares a session's claim records with the items. Items that are gone or cannot be read are passed over. */
export async function supersededClaims(
  context: Context,
  sessionId: string,
  claims: readonly ClaimRecord[],
): Promise<Superseded[]> {
  return superseded(context, sessionId, await notHeld(context, sessionId, claims))
}

/** The same, and the ids of claims that were dropped (see `dropped`), by one look at the items. */
export async function lostClaims(
  context: Context,
  sessionId: string,
  claims: readonly ClaimRecord[],
): Promise<{ superseded: Superseded[]; dropped: string[] }> {
  const readings = await notHeld(context, sessionId, claims)
  return {
    superseded: superseded(context, sessionId, readings),
    dropped: dropped(context, sessionId, readings),
  }
}

function superseded(context: Context, sessionId: string, readings: readonly ItemReading[]): Superseded[] {
  return readings.flatMap(({ item, lock }) => howLost(context, sessionId, item.id, lock?.by ?? null) ?? [])
}

/**
 * Ids of items that are free although the session claimed them and nobody has given them up since, as far as the event
 * log tells: git (stash, checkout) or an editor put an older version of the file back.
 */
function dropped(context: Context, sessionId: string, readings: readonly ItemReading[]): string[] {
  const free = readings.filter(({ item, lock }) => !lock && !item.closed)
  if (free.length === 0) return []
  const { host, stateDir, registry } = context.store
  // Whoever gave it up may have been killed before the log had it.
  const unlogged = intentsIn(host, stateDir, registry.key).map(({ key }) => key)
  return free.flatMap(({ item: { id }, place }) => {
    const last = eventsOf(context, id, []).findLast(({ type }) => isAboutLock(type))
    const isOurs = last && takesLock(last.type) && belongsTo(last.session ?? '', sessionId)
    return isOurs && !unlogged.includes(place.key) ? id : []
  })
}

/** The items that a session has a record of and does not hold. */
async function notHeld(
  { store }: Context,
  sessionId: string,
  claims: readonly ClaimRecord[],
): Promise<ItemReading[]> {
  const keys = new Set(claims.flatMap(({ id }) => keyOfField(id, store.settings.idPrefix) ?? []))
  if (keys.size === 0) return []
  const readings = await readItems(store, placesOf(store.host.disk, store.root, ...keys))
  return readings.filter(
    reading => !isBlocked(reading) && !(reading.lock && belongsTo(reading.lock.by, sessionId)),
  )
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
  { item, lock, registry, unlogged }: Current,
  caller: Caller,
): Superseded | null {
  const { session, holder } = caller
  if (!listedSession(registry(), session)?.claims.some(({ id }) => id === item.id)) return null
  if (!lock || !belongsTo(lock.by, session))
    return howLost(context, session, item.id, lock?.by ?? null, unlogged)
  // Held within the session: the record is the holder's own, unless the log says that it took the item from the caller.
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
    : `${id} is no longer held by this session; it was taken${since}${why}`
}
