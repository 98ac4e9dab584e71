/**
 * Moves an item on: status, lock and folder in one act. The first two are one rewrite; the move to the folder follows
 * from a note made before it, so a crash in between is completed by the next command.
 */
import type { Hold } from '../../../core/claims/record.ts'
import { parseId } from '../../../core/items/ids.ts'
import { choose } from '../../../core/items/next.ts'
import { isArchived, statusWord } from '../../../core/items/status.ts'
import { decideTransition, TRANSITIONS, type Verb } from '../../../core/items/transition.ts'
import type { EventType } from '../../../core/log/event.ts'
import { liveRun, type Run } from '../../../core/runs/run.ts'
import { stamp } from '../../../core/time.ts'
import type { FieldValue } from '../../../markdown/edit/splice.ts'
import type { Current } from '../../../store/items/current-item.ts'
import { readItems } from '../../../store/items/item-reader.ts'
import { placesOf } from '../../../store/items/places/item-places.ts'
import type { ItemDecision } from '../../../store/items/publication-of.ts'
import { pendingEvent } from '../../../store/log/pending-event.ts'
import { here } from '../../../system/processes/process.ts'
import { holdAfter } from '../../claims/decide-on-item.ts'
import { type ItemSummary, summary } from '../../claims/item-summary.ts'
import { permission, type Refused } from '../../claims/permission.ts'
import type { Context } from '../../context.ts'
import type { Caller } from '../../sessions/caller.ts'
import { changeAsCaller } from '../change-as-caller.ts'
import { candidates, placeAndTime } from '../queries/candidates.ts'
import { completeMoveOf } from './complete-moves.ts'

const EVENT_OF: Readonly<Record<Verb, EventType>> = {
  start: 'started',
  block: 'blocked',
  unblock: 'unblocked',
  done: 'finished',
  cancel: 'cancelled',
  reopen: 'reopened',
}

export interface TransitionOptions {
  /** Why; kept in the log, and of a blocked or cancelled item in `blocked_reason` or `cancelled_reason`. */
  reason?: string | undefined
  /** Asked inside the guard before anything else; throws when the item must not be changed. */
  check?: ((current: Current) => void) | undefined
  /** A status of the same meaning, as it is to be written, the folder it belongs in, and what is set besides. */
  as?: { word: string; folder: string; fields: Record<string, FieldValue> }
}

export type TransitionResult =
  | {
      kind: 'done'
      /** False when it said so already; perhaps it was moved. */
      changed: boolean
      item: ItemSummary
      lock: { locked_by: string; locked_at: string } | null
      /** Whether the caller held it before. */
      renewed: boolean
      /** The dead or stale holder that gave way. */
      from: { holder: string; reason: string } | null
      warnings: string[]
    }
  /** The item's status does not allow it. `instead`: the verb that comes first. */
  | { kind: 'no'; item: ItemSummary; state: string; instead: Verb | null; warnings: string[] }
  | Refused

/**
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function transition(
  context: Context,
  verb: Verb,
  idText: string,
  options: TransitionOptions = {},
): Promise<TransitionResult> {
  const { id, result } = await changeAsCaller<TransitionResult>(
    context,
    idText,
    (current, by) => {
      options.check?.(current)
      return decideTransitionOf(context, verb, current, by, options)
    },
    refused => refused,
  )
  if (result.kind !== 'done') return result
  const { item } = result
  item.path = await completeMoveOf(context, id, item, result.warnings, TRANSITIONS[verb].folder)
  return result
}

/** What a verb does to an item, decided inside its guard. */
export function decideTransitionOf(
  context: Context,
  verb: Verb,
  current: Current,
  caller: Caller,
  { reason, as }: TransitionOptions,
): ItemDecision<TransitionResult> {
  const instant = context.clock()
  const now = stamp(instant)
  const item = summary(current)
  const { lock, place } = current
  const { to, holds, folder } = TRANSITIONS[verb]
  const allowed = permission(context, current, caller, instant, true, holds)
  if (allowed.kind !== 'may')
    return { kind: 'leave', result: { kind: 'refused', item, why: allowed, warnings: [] } }
  const decision = decideTransition(verb, { status: item.status, folder: place.folder, lock })
  if (decision.kind === 'no') {
    const { state, instead } = decision
    return { kind: 'leave', result: { kind: 'no', item, state, instead, warnings: [] } }
  }
  const { from } = allowed
  const renewed = lock?.by === caller.holder
  const isNewReason = verb === 'block' && reason !== undefined && current.text('blocked_reason') !== reason
  const isUndated = closes(verb) && decision.kind !== 'change' && lacksCompletion(current)
  if (decision.kind === 'already' && !isNewReason && !isUndated)
    return {
      kind: 'leave',
      result: { kind: 'done', changed: false, item, lock: null, renewed, from, warnings: [] },
    }

  const hold: Hold = holds
    ? holdAfter(current, caller, renewed, {}, context.store.settings.ttlMs, instant)
    : { kind: 'give', state: closes(verb) ? 'done' : 'released', at: now, why: reason ?? verb }
  const held =
    hold.kind === 'take'
      ? {
          locked_by: caller.holder,
          locked_at: hold.showsNew ? now : (current.record?.lockedAt ?? now),
        }
      : null
  // Closed as it is, whatever its word for that.
  const stays = decision.kind === 'free' || isUndated
  const dated = isUndated ? { completed_at: { word: now } } : {}
  const word = as?.word ?? to
  const set = as && Object.keys(as.fields).join(', ')
  // A run of the caller's own that is at work goes on; all others have ended.
  const kept = held && renewed ? ownRun(context, current, caller)?.id : undefined
  return {
    kind: 'change',
    fields: stays ? dated : { status: { word }, ...besides(verb, current, now, reason), ...as?.fields },
    hold,
    session: caller.session,
    event: pendingEvent(context.store.host, instant, EVENT_OF[verb], {
      item: item.id,
      session: caller.holder,
      previous_holder: lock && lock.by !== caller.holder ? lock.by : null,
      reason: [from?.reason, reason ?? set].filter(Boolean).join('; '),
    }),
    ends: current.runs().filter(({ run }) => run.id !== kept),
    move: stays ? undefined : { status: word, folder: as?.folder ?? folder },
    result: {
      kind: 'done',
      changed: true,
      item: stays ? item : { ...item, status: word },
      lock: held,
      renewed,
      from,
      warnings: [],
    },
  }
}

function ownRun({ store }: Context, current: Current, { holder }: Caller): Run | null {
  const runs = current.runs().map(({ run }) => run)
  return liveRun(holder, runs, { here: here(), look: store.host.look })
}

/** Whether nothing says when a closed item was completed; of archived ones the folder decides. */
export function lacksCompletion({ item, place, text }: Current): boolean {
  const isInArchive = isArchived(item.status, '') || isArchived(null, place.folder)
  return !isInArchive && COMPLETED.every(key => text(key) === undefined)
}

const COMPLETED = ['completed_at', 'completed', 'closed_at', 'closed']

function closes(verb: Verb): boolean {
  return verb === 'done' || verb === 'cancel'
}

/** The fields that go with a status. */
export function besides(
  verb: Verb,
  { item, text, kindOf }: Current,
  now: string,
  reason: string | undefined,
): Record<string, FieldValue> {
  if (closes(verb)) {
    const dated = text('completed_at') === undefined ? { completed_at: { word: now } } : {}
    return verb === 'cancel' && reason !== undefined
      ? { ...dated, cancelled_reason: { text: reason } }
      : dated
  }
  if (verb === 'reopen') {
    const filled = ['completed_at', 'cancelled_reason'].filter(key => kindOf(key) === 'scalar')
    return Object.fromEntries(filled.map(key => [key, { word: '' }]))
  }
  if (verb === 'block' && reason !== undefined) return { blocked_reason: { text: reason } }
  // What it was blocked for before is over.
  const isNew = verb === 'unblock' || (verb === 'block' && statusWord(item.status ?? '') !== 'blocked')
  if (isNew && text('blocked_reason') !== undefined) return { blocked_reason: { word: '' } }
  return {}
}

/** What an item says it waits for and that is not closed: `WRK-3 (pending)`. */
export async function openBlockers({ store }: Context, id: string): Promise<string[]> {
  const { disk } = store.host
  const { key } = parseId(id, store.settings.idPrefix)
  const [item] = await readItems(store, placesOf(disk, store.root, key), 'choosing')
  const waitsFor = item?.details?.blockedBy ?? []
  const keys = waitsFor.flatMap(({ key }) => key ?? [])
  const others = keys.length === 0 ? [] : await readItems(store, placesOf(disk, store.root, ...keys))
  return waitsFor.flatMap(({ text, key }) => {
    const named = others.filter(({ place }) => place.key === key)
    const open = named.find(({ item }) => !item.closed)
    if (open) return `${text} (${open.item.status ?? open.place.folder})`
    return named.length === 0 ? `${text} (not in the queue)` : []
  })
}

export interface Unblocked {
  id: string
  title: string
  status: string | null
  /** Whether it can be begun now; else its status, its holder or its date is in the way. */
  ready: boolean
}

/** The items that waited for this one and wait for nothing now. */
export async function unblockedBy(context: Context, id: string): Promise<Unblocked[]> {
  const { key } = parseId(id, context.store.settings.idPrefix)
  const choice = choose(await candidates(context, 'choosing'), placeAndTime(context))
  const ready = choice.ready.map(({ item }) => item)
  const waited = [...ready, ...choice.waiting.filter(item => choice.blockers(item).length === 0)]
  return waited
    .filter(({ details }) => details.blockedBy.some(one => one.key === key))
    .map(item => {
      const { id, title, status } = item
      return { id, title, status, ready: ready.includes(item) }
    })
}
