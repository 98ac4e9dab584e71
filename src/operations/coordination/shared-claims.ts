/**
 * What the local operations call where wrk.yaml has `coordination`: each is the local act with the engine's decision
 * around it. The local decision stays and is made twice under the guard: once to see whether the engine need be asked,
 * and once more to write. No network is touched while a guard is held.
 */
import type { Hold } from '../../core/claims/record.ts'
import { holderOf, type SharedRecord } from '../../core/coordination/record.ts'
import { messageOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { ItemId, ItemKey } from '../../core/items/ids.ts'
import { newEvent } from '../../core/log/event.ts'
import { listedSession } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { humanDuration, parseInstant, stamp } from '../../core/time.ts'
import { readRecord } from '../../store/claims/record-file.ts'
import type { HeldNote } from '../../store/coordination/shared-notes.ts'
import { changeRecord } from '../../store/items/change-record.ts'
import type { ItemChange } from '../../store/items/item-store.ts'
import type { ClaimedItem, ItemSummary, OwnClaimOptions, RefusedClaim } from '../claims/claim.ts'
import type { HolderInfo } from '../claims/holder.ts'
import type { Refused } from '../claims/permission.ts'
import type { SharedState, TakenElsewhere } from '../claims/remote-claim.ts'
import { type Context, currentRegistry } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'
import type { SharedCaller } from './claimant.ts'
import { type GivingUp, giveUpClaim } from './give-up.ts'
import { claimKey, type Shared, sharedOf } from './open-shared.ts'
import { isDue, type LostClaim, leaseLeftMs, renewClaims } from './renew-claims.ts'
import { settleNotes } from './settle-notes.ts'
import { type Taking, takeClaim } from './take-claim.ts'

type Claiming = ItemChange<ClaimedItem | RefusedClaim>

/**
 * Claims an item here and for all clones.
 * @param attempt the local claim: only the look, or the write, told whom the engine has it taken over from
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
      result: { kind: 'held', item, session, holder: holderElsewhere(taking), warnings: [] },
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
async function writeUnder<C>(
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

function finishedElsewhere(id: string, by: SharedRecord): WrkError {
  const where = `${printable(holderOf(by), 128)} on ${printable(by.host, 60)}`
  const commit = by.commit ? `, commit ${printable(by.commit.slice(0, 10), 20)}` : ''
  return new WrkError('CLOSED', `${id} was finished by ${where} at ${by.renewed_at}${commit}`, {
    hint: `Pull to see it here, or choose another: wrk next`,
    details: { finished: { session_id: holderOf(by), host: by.host, at: by.renewed_at, commit: by.commit } },
  })
}

/** A holder that another clone knows, in the form of one that this clone does. */
export function holderElsewhere({
  by,
  verdict,
  reason,
}: {
  by: SharedRecord
  verdict: HolderInfo['liveness']
  reason: string
}): HolderInfo {
  const renewed = parseInstant(by.renewed_at)!
  return {
    session_id: holderOf(by),
    locked_at: by.claimed_at,
    expires_at: stamp(new Date(renewed.getTime() + by.ttl_s * 1000)),
    liveness: verdict,
    reason,
    host: by.host,
    pid: by.anchors[0]?.pid ?? null,
    active_wrk: null,
    taken_out: false,
    named_in_file: null,
  }
}

async function sharedCaller(context: Context, { session, holder, identity }: Caller): Promise<SharedCaller> {
  const listed = listedSession(await currentRegistry(context), session)
  const anchors = listed?.anchors ?? (identity.anchor ? [identity.anchor] : [])
  return { session, agent: helperOf(holder, session), anchors }
}

const helperOf = (holder: string, session: string): string | null =>
  holder === session ? null : holder.slice(session.length + 1)

function isHeldHere({ store }: Context, record: SharedRecord): boolean {
  return localHolder(store, record.id.toLowerCase().replace('#', '-') as ItemKey) === holderOf(record)
}

function localHolder({ host, stateDir }: Context['store'], key: ItemKey): string | null {
  const { reading } = readRecord(host.disk, stateDir, key)
  return reading.kind === 'record' && reading.record.state === 'held' ? reading.record.holder : null
}

export interface SharedRelease {
  /** False when the engine is still to be told. */
  remotely: boolean
  warnings: string[]
}

interface Ending {
  /** Who held it here. */
  holder: string
  state: 'released' | 'done'
  force?: boolean
  /** Only what this clone knows that it holds: nobody is asked about anything else. */
  onlyKnown?: boolean
}

/**
 * Tells the engine that an item was given up, or finished. Never fails for a released item: what cannot be sent now is
 * queued.
 */
export async function giveUpForAll(
  context: Context,
  id: ItemId,
  { holder, state, force = false, onlyKnown = false }: Ending,
): Promise<SharedRelease> {
  const shared = await sharedOf(context)
  const { held, local } = shared.notes
  const key = claimKey(id.key)
  if (onlyKnown && !held.read(key) && !local.read(key)) return { remotely: true, warnings: [] }
  const request = {
    key,
    id: id.display,
    holder: { session: holder, agent: null },
    state,
    force,
  }
  let end: GivingUp
  try {
    end = await giveUpClaim(shared, request)
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    return { remotely: false, warnings: [`${id.display}: ${messageOf(error)}`] }
  }
  if (end.kind === 'sent' && state === 'done') await foldClosed(shared)
  const word = state === 'done' ? 'finished' : 'free'
  if (end.kind === 'queued')
    return {
      remotely: false,
      warnings: [`${id.display} is ${word} here; others learn of it with the next wrk command (${end.why})`],
    }
  if (end.kind === 'heldByOther')
    return {
      remotely: true,
      warnings: [
        `${id.display} is held by ${printable(holderOf(end.by), 128)} on ${printable(end.by.host, 60)}`,
      ],
    }
  return { remotely: true, warnings: [] }
}

/** So many closed records are put out of the way at once. */
const FOLD_AT = 20
/** A push that was under way when a record was closed has long ended by then. */
const CLOSED_FOR_MS = 10 * 60_000

/** Keeps the engine's live records few: a push over git meets every ref of the remote. */
async function foldClosed({ engine, context }: Shared): Promise<void> {
  if (!engine.fold) return
  const seen = await engine.listLastSeen?.()
  const before = context.clock().getTime() - CLOSED_FOR_MS
  const closed = (seen?.entries ?? []).filter(
    ({ reading }) =>
      reading.kind === 'record' &&
      reading.record.state === 'done' &&
      (parseInstant(reading.record.renewed_at)?.getTime() ?? before) < before,
  )
  if (closed.length < FOLD_AT) return
  try {
    await engine.fold(closed)
  } catch (error) {
    // The next who finishes an item tries again.
    if (!(error instanceof WrkError)) throw error
  }
}

/** What a change of an item does to who holds it. */
interface ChangeAttempt<T> extends ItemChange<T> {
  hold: Hold | null
  item: ItemSummary
}

/**
 * Changes an item as its holder, for all clones: begins with the engine's word that nobody else has it, and ends with
 * telling what became of the claim.
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
  if (taking.kind === 'held') return { result: refused(holderElsewhere(taking)), warnings: [] }
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
  return holderElsewhere({
    by: record,
    verdict: 'unknown',
    reason: `it runs on another machine (${record.host})`,
  })
}

/**
 * Renews a session's claims, and writes down what was lost meanwhile. Nobody keeps another session's claims alive: it
 * may be dead.
 * @param all also those that are not due yet
 * @returns warnings
 */
export async function keepForAll(context: Context, session: string, all = false): Promise<string[]> {
  const shared = await sharedOf(context)
  try {
    await settleNotes(shared, record => isHeldHere(context, record))
    await publishLocal(shared)
    const which = (note: HeldNote) => note.record.session === session && (all || isDue(shared, note))
    const { lost, failed } = await renewClaims(shared, which)
    for (const one of lost) await writeLoss(context, one)
    if (!failed) return []
    const left =
      failed.leftMs > 0
        ? `they last ${humanDuration(failed.leftMs)} more`
        : 'their time is over: stop working'
    return [`claims could not be renewed (${printable(failed.why, 200)}); ${left}`]
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    return [`claims could not be renewed: ${error.message}`]
  }
}

/** Claims that were made while the engine could not be reached are made known; one that another won meanwhile is lost. */
async function publishLocal(shared: Shared): Promise<void> {
  const { context, notes } = shared
  for (const { key, id, session, holder, reason } of notes.local.list()) {
    if (reason === '--local' || localHolder(context.store, key.name as ItemKey) !== holder) continue
    const anchors = listedSession(await currentRegistry(context), session)?.anchors ?? []
    const caller = { session, agent: helperOf(holder, session), anchors }
    const taking = await takeClaim(shared, { key, id, caller, run: null, force: null, deadHolder: null })
    notes.local.remove(key)
    if (taking.kind === 'taken') taking.complete()
    else await writeLoss(context, { id, key, by: taking.by })
  }
}

/** The session learns of it at its next call, as of a takeover in this clone. */
async function writeLoss(context: Context, { id, key, by }: LostClaim): Promise<void> {
  const { store, clock } = context
  const now = stamp(clock())
  const who = by ? `${holderOf(by)} on ${by.host}` : 'nobody'
  const why = printable(by ? `taken over by ${who}` : 'released in another clone')
  await changeRecord(store, { key: key.name as ItemKey, display: id }, record => {
    if (record?.state !== 'held') return { kind: 'leave', result: null }
    return {
      kind: 'change',
      hold: { kind: 'give', state: by?.state === 'done' ? 'done' : 'released', at: now, why },
      event: {
        ...newEvent(now, 'takenOver'),
        item: id,
        session: by ? holderOf(by) : null,
        previous_holder: record.holder,
        reason: why,
        tx: store.host.randomLetters(12),
      },
      result: null,
    }
  })
}

export { coordinationOff, coordinationProbe, coordinationSetup, coordinationStatus } from './coordination.ts'
export { giveIdForAll } from './shared-ids.ts'
export { viewElsewhere } from './view-elsewhere.ts'
