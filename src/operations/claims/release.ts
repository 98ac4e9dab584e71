/** Gives an item up: compare-and-swap, so that only its holder can. */
import { join } from 'node:path'
import { decideRelease } from '../../core/claims/claim.ts'
import type { Lock } from '../../core/claims/lock.ts'
import { type Hold, lockOf } from '../../core/claims/record.ts'
import { WrkError } from '../../core/errors.ts'
import { type ItemId, parseId } from '../../core/items/ids.ts'
import { noSession } from '../../core/sessions/identity.ts'
import { belongsTo } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import { removeSessionClaim } from '../../store/claims/session-claims.ts'
import { changeRecord, type RecordDecision } from '../../store/items/change-record.ts'
import type { Current } from '../../store/items/current-item.ts'
import { changeItem } from '../../store/items/item-store.ts'
import { findItem } from '../../store/items/places/find-item.ts'
import type { ItemPlace } from '../../store/items/places/item-places.ts'
import type { ItemDecision } from '../../store/items/publication-of.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { type Context, prepareState } from '../context.ts'
import { completeMoves } from '../items/transitions/complete-moves.ts'
import { type Caller, resolveCaller } from '../sessions/caller.ts'
import { orWarn } from './claim.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor } from './holder.ts'
import { type ItemSummary, summary } from './item-summary.ts'
import { howCallerLost, type Superseded } from './lost-claims.ts'
import { sharedClaims } from './remote-claim.ts'

export interface ReleaseOptions {
  /** Only when this run claimed it. */
  runId?: string | undefined
  /** Release whoever holds it. The reason is logged. */
  force?: string | undefined
}

/** What only wrk's own commands ask of a release. */
export interface OwnReleaseOptions extends ReleaseOptions {
  /** Asked inside the guard before anything else; throws when the item must not be changed. */
  check?: ((current: Current) => void) | undefined
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
  /** In a coordinated queue: whether the engine knows; false while that is still unsent. */
  releasedRemotely?: boolean
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
  options: OwnReleaseOptions = {},
): Promise<ReleaseResult> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  const places = findItem(store, id)
  // A terminal that has not worked here holds nothing; it needs no registration to learn that.
  const { identity, caller } = await resolveCaller(context)
  if (!identity && options.force === undefined) throw noSession()
  prepareState(context)
  await completeMoves(context)
  return releaseAs(context, caller, id, places, options)
}

/** Who takes items from a holder by force. */
interface Taker {
  holder: string | null
  force: string
}

/** Who releases in a holder's place. */
export interface InPlace {
  /** Who did it, for the event log, where it was done by force; the session then keeps its records, to learn of that. */
  taker?: Taker | undefined
  /** Whether the session itself calls, which is a heartbeat. */
  isItself?: boolean
}

export const NOT_RELEASED = {
  released: false,
  holder: null,
  superseded: null,
  from: null,
  error: null,
} as const

/** Releases an item as its holder, who may be another than the caller. */
export async function releaseAs(
  context: Context,
  caller: Caller | null,
  id: ItemId,
  places: readonly ItemPlace[],
  { runId, force, check }: OwnReleaseOptions,
  { taker, isItself = true }: InPlace = {},
): Promise<ReleaseResult> {
  const { store } = context
  const request = { holder: caller?.holder ?? null, runId: runId ?? null, force: force ?? null }
  const { result, warnings } = await changeItem(store, id, places, current => {
    check?.(current)
    return decide(context, current, caller, request, taker)
  }).catch(error => releaseRecord(context, caller, id, places, request, taker, error))
  result.warnings.push(...warnings)

  await tellEngine(context, id, result, request.force !== null || taker !== undefined, caller)

  const { superseded } = result
  // What was taken within the session is recorded for who has it now.
  const within = superseded?.by && caller && belongsTo(superseded.by, caller.session)
  // Another session from which it was taken by force keeps its entry: that is how it learns of it.
  if (caller && !taker && isItself && !result.released && superseded && !within)
    removeSessionClaim(store.host.disk, store.stateDir, caller.session, id.key)
  if (!result.released && result.reason !== 'not-locked')
    await orWarn(result.warnings, () =>
      appendEvents(store.host, store.stateDir, [refusal(context, result, caller)]),
    )
  return result
}

/** With coordination, others learn that the item is free. A lock that only the engine knows of is released by force. */
async function tellEngine(
  context: Context,
  id: ItemId,
  result: ReleaseResult,
  force: boolean,
  caller: Caller | null,
): Promise<void> {
  if (!result.released && result.reason !== 'not-locked') return
  const shared = await sharedClaims(context)
  const holder = result.from ?? caller?.holder
  if (!shared || (holder === undefined && !force)) return
  const onlyKnown = !result.released && !force
  const end = { holder: holder ?? '', state: 'released', force, onlyKnown } as const
  const { remotely, warnings } = await shared.giveUpForAll(context, id, end)
  result.releasedRemotely = remotely
  result.warnings.push(...warnings)
}

type Request = Parameters<typeof decideRelease>[2]

function decide(
  context: Context,
  current: Current,
  caller: Caller | null,
  request: Request,
  taker: Taker | undefined,
): ItemDecision<ReleaseResult> {
  const { store, clock } = context
  const now = clock()
  const judge = judgeFor(store, current.registry, now)
  const held = heldLock(judge, current)
  // One's own claim is one's own, whatever is known of the session.
  const lock = current.lock?.by === request.holder ? current.lock : (held?.lock ?? null)
  // A run that the record does not name is known by its own file.
  const ownRun = current.runs().find(({ run }) => run.holder === lock?.by)?.run.id
  const decision = decideRelease(lock, current.record?.run ?? ownRun ?? null, request)
  const lost = decision.kind === 'notLocked' || decision.kind === 'heldByOther'
  const base = {
    ...NOT_RELEASED,
    item: summary(current),
    holder: held ? holderInfo(judge, held) : null,
    superseded: lost && caller ? howCallerLost(context, current, caller) : null,
    warnings: [],
  }
  const change = changeFor(context, current.item.id, lock, caller, request, taker, now)
  switch (decision.kind) {
    case 'notLocked':
      return { kind: 'leave', result: { ...base, reason: 'not-locked' } }
    case 'heldByOther':
      return { kind: 'leave', result: { ...base, reason: 'held-by-other' } }
    case 'otherRun':
      return { kind: 'leave', result: { ...base, reason: 'other-run' } }
    default:
      return {
        ...change,
        fields: {},
        ends: current.runs(),
        result: { ...base, ...releasedFrom(decision.kind === 'forced' ? lock!.by : null) },
      }
  }
}

function releasedFrom(from: string | null) {
  return { holder: null, released: true, reason: from === null ? 'released' : 'forced', from } as const
}

/** How a release changes who holds the item, and what is logged of it. */
function changeFor(
  { store }: Context,
  id: string,
  lock: Lock | null,
  caller: Caller | null,
  request: Request,
  taker: Taker | undefined,
  now: Date,
) {
  const at = stamp(now)
  const force = taker?.force ?? request.force
  const reason = force === null ? null : printable(`forced: ${force}`)
  const event = pendingEvent(store.host, now, 'released', {
    item: id,
    session: taker ? taker.holder : (caller?.holder ?? null),
    previous_holder: lock?.by ?? null,
    reason,
    forced: reason !== null,
  })
  const hold: Hold = { kind: 'give', state: 'released', at, why: reason ?? 'released' }
  const isOwn = !taker && caller !== null && lock !== null && belongsTo(lock.by, caller.session)
  return { kind: 'change', hold, session: isOwn ? caller.session : undefined, event } as const
}

/**
 * Releases the record of an item with an unreadable or missing file; the file is not changed.
 * @param failure why the item itself could not be released; thrown if the record belongs to another session
 */
function releaseRecord(
  context: Context,
  caller: Caller | null,
  id: ItemId,
  places: readonly ItemPlace[],
  request: Request,
  taker: Taker | undefined,
  failure: unknown,
) {
  const isUnreadable =
    failure instanceof WrkError && ['INVALID_ITEM', 'NOT_FOUND', 'AMBIGUOUS'].includes(failure.code)
  if (!isUnreadable || failure.details.record !== undefined) throw failure
  const { store, clock } = context
  return changeRecord(store, id, (record): RecordDecision<ReleaseResult> => {
    const lock = record?.state === 'held' ? lockOf(record) : null
    const decision = decideRelease(lock, record?.run ?? null, request)
    if (decision.kind !== 'released' && decision.kind !== 'forced') throw failure
    const [place] = places
    const path = place?.path ?? join(store.root, record!.snapshots.at(-1)?.path ?? `${id.display}.md`)
    const item = { id: record!.id, path, title: '', status: null }
    const warnings = [`released in its record; the file was not changed: ${failure.message}`]
    const result = {
      ...NOT_RELEASED,
      ...releasedFrom(decision.kind === 'forced' ? lock!.by : null),
      item,
      warnings,
    }
    return { ...changeFor(context, record!.id, lock, caller, request, taker, clock()), result }
  })
}

function refusal({ store, clock }: Context, { item, reason, holder }: ReleaseResult, caller: Caller | null) {
  return pendingEvent(store.host, clock(), 'refused', {
    item: item.id,
    session: caller?.holder ?? null,
    previous_holder: holder?.session_id ?? null,
    reason: `release: ${reason}`,
  })
}
