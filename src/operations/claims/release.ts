/** Gives an item up: compare-and-swap, so that only its holder can. */
import { decideRelease } from '../../core/claims/claim.ts'
import { asIoError } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { type ItemId, keyOfField, parseId } from '../../core/items/ids.ts'
import { type NewEvent, newEvent } from '../../core/log/event.ts'
import { noSession } from '../../core/sessions/identity.ts'
import { belongsTo, listedSession, sessionOf } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import { findItem, type ItemReading, isBlocked, readItems, readQueue } from '../../store/items/item-reader.ts'
import { type Current, changeItem, type ItemDecision } from '../../store/items/item-store.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import type { ItemPlace } from '../../store/queue.ts'
import { type Context, currentRegistry, tidy } from '../context.ts'
import { completeMoves } from '../items/complete-moves.ts'
import { type Caller, resolveCaller } from '../sessions/caller.ts'
import { afterwards, type ItemSummary, summary } from './claim.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor } from './holder.ts'
import { howCallerLost, recordClaims, type Superseded, without } from './records.ts'

export interface ReleaseOptions {
  /** Only when this run claimed it. */
  runId?: string | undefined
  /** Release whoever holds it. The reason is logged. */
  force?: string | undefined
}

export interface ReleaseResult {
  released: boolean
  /** Why: `released`, `forced`, `not-locked`, `held-by-other`, `other-run`; `failed`, of several, with the error. */
  reason: 'released' | 'forced' | 'not-locked' | 'held-by-other' | 'other-run' | 'failed'
  item: ItemSummary
  /** Who holds it, when it was not released. */
  holder: HolderInfo | null
  /** Set when this session held it and lost it. */
  superseded: Superseded | null
  /** From whom it was taken by force. */
  from: string | null
  /** Why this one, of several, could not be released; the others were. */
  error: WrkError | null
  warnings: string[]
}

/**
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION (unless forced), AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function release(
  context: Context,
  idText: string,
  options: ReleaseOptions = {},
): Promise<ReleaseResult> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  const places = findItem(store, id)
  // A terminal that has not worked here holds nothing; it needs no registration to be told so.
  const { identity, caller } = await resolveCaller(context)
  if (!identity && options.force === undefined) throw noSession()
  tidy(context)
  await completeMoves(context)
  return releaseAs(context, caller, id, places, options)
}

/** Releases every item that this holder has. What cannot be released is told among the results, and holds up no other. */
export async function releaseMine(context: Context): Promise<ReleaseResult[]> {
  const { identity, caller, registry } = await resolveCaller(context)
  if (!identity) throw noSession()
  if (!caller) return []
  tidy(context)
  await completeMoves(context)
  const claims = listedSession(registry, caller.session)?.claims ?? []
  return releaseAll(context, { ...caller, claims }, holder => holder === caller.holder)
}

/** Who takes items from a holder by force. */
interface Taker {
  holder: string | null
  force: string
}

/** Who releases in a holder's place. */
interface InPlace {
  /** Who did it, for the event log, where it was done by force; the session then keeps its records, to learn of that. */
  taker?: Taker | undefined
  /** Whether the session itself calls, which is a sign of life. */
  isItself?: boolean
}

/**
 * Releases what the given holders have, as if each did it; also tries what the caller has claimed and what says no more
 * whose it is. An item that cannot be changed keeps no other from being released.
 * @param among the items to look at; all unless given
 */
export async function releaseAll(
  context: Context,
  caller: Caller,
  isHolder: (holder: string) => boolean,
  { among, ...inPlace }: InPlace & { among?: readonly ItemPlace[] } = {},
): Promise<ReleaseResult[]> {
  const { store } = context
  const claimed = new Set(caller.claims.map(({ id }) => keyOfField(id, store.settings.idPrefix)))
  const readings = await (among ? readItems(store, among) : readQueue(store, one => one))
  const isHeld = ({ lock, place, problems }: ItemReading) =>
    lock ? isHolder(lock.by) : isBlocked({ problems }) && claimed.has(place.key)
  const results: ReleaseResult[] = []
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
  return results
}

function failed(reading: ItemReading, failure: unknown): ReleaseResult {
  const error = asIoError(failure, 'input/output failed')
  if (!(error instanceof WrkError)) throw failure
  const item = summary(reading)
  return { ...NOT_RELEASED, reason: 'failed', item, error, warnings: [] }
}

const NOT_RELEASED = { released: false, holder: null, superseded: null, from: null, error: null } as const

function idOf({ place, item }: ItemReading): ItemId {
  return { key: place.key, display: item.id }
}

async function releaseAs(
  context: Context,
  caller: Caller | null,
  id: ItemId,
  places: readonly ItemPlace[],
  { runId, force }: ReleaseOptions,
  { taker, isItself = true }: InPlace = {},
): Promise<ReleaseResult> {
  const { store } = context
  const request = { holder: caller?.holder ?? null, runId: runId ?? null, force: force ?? null }
  const { result, warnings } = await changeItem(store, id, places, current =>
    decide(context, current, caller, request, taker),
  )
  result.warnings.push(...warnings)

  const { superseded } = result
  // What was taken within the session is recorded for who has it now.
  const within = superseded?.by && caller && belongsTo(superseded.by, caller.session)
  const dropped =
    caller && result.reason === 'not-locked' && (await hasRecord(context, caller, result.item.id))
  // Another session from which it was taken by force keeps its record: that is how it learns of it.
  if (caller && !taker && (result.released || dropped || (superseded && !within)))
    await afterwards(result.warnings, async () => {
      await recordClaims(context, caller.session, without(result.item.id), isItself)
    })
  if (!result.released && result.reason !== 'not-locked')
    await afterwards(result.warnings, () =>
      appendEvents(store.host, store.stateDir, [refusal(context, result, caller)]),
    )
  return result
}

/** A record of what nobody holds is left when another program took the lock out of the file. */
async function hasRecord(context: Context, { session }: Caller, item: string): Promise<boolean> {
  const claims = listedSession(await currentRegistry(context), session)?.claims ?? []
  return claims.some(({ id }) => id === item)
}

function decide(
  context: Context,
  current: Current,
  caller: Caller | null,
  request: Parameters<typeof decideRelease>[2],
  taker: Taker | undefined,
): ItemDecision<ReleaseResult> {
  const { store, clock } = context
  const now = clock()
  const { item, lock } = current
  const registry = current.registry()
  const owner = lock ? sessionOf(lock.by, registry) : undefined
  const mine = caller ? listedSession(registry, caller.session) : undefined
  const record = (mine ?? owner)?.claims.find(claim => claim.id === item.id)
  // A run that the registry could not be told of is known by its own file.
  const ownRun = current.runs().find(({ run }) => run.holder === lock?.by)?.run.id
  const decision = decideRelease(lock, (record ? record.runId : ownRun) ?? null, request)
  const held = lock ? heldLock(judgeFor(store, registry), current.place.key, lock, current.modified) : null
  const lost = decision.kind === 'notLocked' || decision.kind === 'heldByOther'
  const base = {
    item: summary(current),
    holder: held ? holderInfo(held, registry, store.settings.ttlMs, now) : null,
    superseded: lost && caller ? howCallerLost(context, current, caller) : null,
    from: null,
    error: null,
    warnings: [],
  }
  if (decision.kind === 'notLocked')
    return { kind: 'leave', result: { ...base, released: false, reason: 'not-locked' } }
  if (decision.kind === 'heldByOther')
    return { kind: 'leave', result: { ...base, released: false, reason: 'held-by-other' } }
  if (decision.kind === 'otherRun')
    return { kind: 'leave', result: { ...base, released: false, reason: 'other-run' } }

  const forced = decision.kind === 'forced'
  const reason = taker?.force ?? request.force
  const event: NewEvent = {
    time: stamp(now),
    type: 'released',
    item: item.id,
    session: taker ? taker.holder : (caller?.holder ?? null),
    previous_holder: lock!.by,
    reason: reason === null ? null : printable(`forced: ${reason}`),
    forced: reason !== null,
  }
  return {
    kind: 'change',
    fields: { locked_by: '', locked_at: '' },
    event: { ...event, tx: store.host.randomLetters(12) },
    ends: current.runs(),
    result: {
      ...base,
      holder: null,
      released: true,
      reason: forced ? 'forced' : 'released',
      from: forced ? lock!.by : null,
    },
  }
}

function refusal({ store, clock }: Context, { item, reason, holder }: ReleaseResult, caller: Caller | null) {
  return {
    ...newEvent(stamp(clock()), 'refused'),
    item: item.id,
    session: caller?.holder ?? null,
    previous_holder: holder?.session_id ?? null,
    reason: `release: ${reason}`,
    tx: store.host.randomLetters(12),
  }
}
