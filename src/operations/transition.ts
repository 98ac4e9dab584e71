/**
 * Moves an item on: status, lock and folder in one act. The first two are one rewrite; the move to the folder follows
 * from a note made before it, so a crash in between is completed by the next command.
 */
import { newEvent } from '../core/event.ts'
import { parseId, printable } from '../core/ids.ts'
import { choose } from '../core/next.ts'
import { stamp } from '../core/time.ts'
import { decideTransition, TRANSITIONS, type Verb } from '../core/transition.ts'
import type { FieldValue } from '../markdown/splice.ts'
import { findItem } from '../store/item-reader.ts'
import { type Current, changeItem, type ItemDecision } from '../store/item-store.ts'
import { candidates, placeAndTime, type QueueItem } from './candidates.ts'
import { afterwards, type ItemSummary, summary } from './claim.ts'
import { type Context, tidy } from './context.ts'
import { type Caller, register } from './identify.ts'
import { type Permission, permission } from './permission.ts'
import { recordClaims, without } from './records.ts'
import { settle, settleAll } from './settle.ts'

export interface TransitionOptions {
  /** Why it is blocked or reopened; kept in the log, and of a blocked item in `blocked_reason`. */
  reason?: string | undefined
}

export type TransitionResult =
  | {
      kind: 'done'
      /** False when it said so already; perhaps it was moved. */
      changed: boolean
      item: ItemSummary
      lock: { locked_by: string; locked_at: string } | null
      /** The dead or stale holder that gave way. */
      from: { holder: string; reason: string } | null
      warnings: string[]
    }
  /** The item's status does not allow it. `instead`: the verb that comes first. */
  | { kind: 'no'; item: ItemSummary; state: string; instead: Verb | null; warnings: string[] }
  | { kind: 'refused'; item: ItemSummary; why: Exclude<Permission, { kind: 'may' }>; warnings: string[] }

/**
 * @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, BUSY, IO
 */
export async function transition(
  context: Context,
  verb: Verb,
  idText: string,
  options: TransitionOptions = {},
): Promise<TransitionResult> {
  const { store } = context
  const id = parseId(idText, store.settings.idPrefix)
  findItem(store, id)
  tidy(context)
  await settleAll(context)
  const places = findItem(store, id)
  const caller = await register(context)
  const { result, warnings } = await changeItem(store, id, places, current =>
    decide(context, verb, current, caller, options),
  )
  result.warnings.push(...warnings)
  if (result.kind !== 'done') return result
  const moved = await settle(context, id, TRANSITIONS[verb].to)
  if (moved) result.item.path = moved.to
  if (result.changed)
    await afterwards(result.warnings, async () => {
      await recordClaims(context, caller.session, claims => {
        const others = without(result.item.id)(claims)
        return result.lock
          ? [...others, { id: result.item.id, claimedAt: result.lock.locked_at, runId: null }]
          : others
      })
    })
  return result
}

function decide(
  context: Context,
  verb: Verb,
  current: Current,
  caller: Caller,
  { reason }: TransitionOptions,
): ItemDecision<TransitionResult> {
  const now = stamp(context.clock())
  const item = summary(current)
  const { lock, place } = current
  const allowed = permission(context, current, caller, true)
  if (allowed.kind !== 'may')
    return { kind: 'leave', result: { kind: 'refused', item, why: allowed, warnings: [] } }
  const decision = decideTransition(verb, { status: item.status, folder: place.folder, lock })
  if (decision.kind === 'no') {
    const { state, instead } = decision
    return { kind: 'leave', result: { kind: 'no', item, state, instead, warnings: [] } }
  }
  const { from } = allowed
  if (decision.kind === 'already')
    return { kind: 'leave', result: { kind: 'done', changed: false, item, lock: null, from, warnings: [] } }

  const { holds } = TRANSITIONS[verb]
  const { to } = decision
  const held = holds ? { locked_by: caller.holder, locked_at: now } : null
  return {
    kind: 'change',
    fields: {
      status: { word: to },
      ...besides(verb, current, now, reason),
      locked_by: held?.locked_by ?? '',
      locked_at: held?.locked_at ?? '',
    },
    event: {
      ...newEvent(now, verb === 'start' ? 'started' : verb === 'done' ? 'finished' : `${verb}ed`),
      item: item.id,
      session: caller.holder,
      previous_holder: lock && lock.by !== caller.holder ? lock.by : null,
      reason: printable(from?.reason ?? reason ?? '', 300) || null,
      tx: context.store.host.randomLetters(12),
    },
    ends: holds ? [] : current.runs(),
    move: { status: to, folder: to },
    result: { kind: 'done', changed: true, item: { ...item, status: to }, lock: held, from, warnings: [] },
  }
}

/** The fields that go with a status. */
function besides(
  verb: Verb,
  { text, kindOf }: Current,
  now: string,
  reason: string | undefined,
): Record<string, FieldValue> {
  if (verb === 'done' && text('completed_at') === undefined) return { completed_at: { word: now } }
  if (verb === 'reopen' && kindOf('completed_at') === 'scalar') return { completed_at: { word: '' } }
  if (verb === 'block' && reason !== undefined) return { blocked_reason: { word: reason } }
  return {}
}

/** The items that can be begun now that this one is done. */
export async function unblockedBy(context: Context, id: string): Promise<QueueItem[]> {
  const { key } = parseId(id, context.store.settings.idPrefix)
  const { ready } = choose(await candidates(context, 'choosing'), placeAndTime(context))
  return ready.flatMap(({ item }) => (item.details.blockedBy.some(one => one.key === key) ? item : []))
}
