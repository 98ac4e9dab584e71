/** Sets fields of an item in place: single values only, every other byte stays. */
import { WrkError } from '../../../core/errors.ts'
import { isDependencyKey } from '../../../core/items/details.ts'
import { isClosed } from '../../../core/items/status.ts'
import { effectOfStatus, type StatusEffect } from '../../../core/items/transition.ts'
import { newEvent } from '../../../core/log/event.ts'
import { stamp } from '../../../core/time.ts'
import type { FieldValue } from '../../../markdown/edit/splice.ts'
import type { Current } from '../../../store/items/current-item.ts'
import type { ItemDecision } from '../../../store/items/publication-of.ts'
import { type ItemSummary, summary } from '../../claims/item-summary.ts'
import { permission } from '../../claims/permission.ts'
import type { Context } from '../../context.ts'
import type { Caller } from '../../sessions/caller.ts'
import { changeAsCaller } from '../change-as-caller.ts'
import { completeMoveOf } from '../transitions/complete-moves.ts'
import {
  besides,
  decideTransitionOf,
  lacksCompletion,
  type TransitionResult,
} from '../transitions/transition.ts'
import { changeLists, dependencyChanges, type ListChanges } from './change-lists.ts'
import { newBlockers } from './dependencies.ts'
import { doubtsAbout, newFields } from './set-doubts.ts'

export type SetResult =
  | {
      kind: 'set'
      changed: boolean
      item: ItemSummary
      /** What the changed fields held before; null: nothing. */
      before: Record<string, string | null>
      /** What lists that changed hold now. */
      lists: Record<string, readonly string[]>
      /** Of a status that is set as its verb does it: who holds the item now, and who gave way. */
      transition: Pick<Done, 'lock' | 'from'> | null
      /** The folder that it was moved to; null when it was not moved. */
      moved: string | null
      /** Fields that mean nothing to wrk and that the item did not have. */
      added: string[]
      warnings: string[]
    }
  | Extract<TransitionResult, { kind: 'no' | 'refused' }>

type Done = Extract<TransitionResult, { kind: 'done' }>

export interface SetOptions {
  /** A status is only written: the item's folder and its lock stay as they are. */
  stay?: boolean | undefined
  /** Words that are added to lists, and taken out of them. */
  lists?: ListChanges | undefined
  /** What the item is to wait for, and no longer, whatever the field in which it says so. */
  waits?: { on: readonly string[]; notOn: readonly string[] } | undefined
  /** Adds a field that looks like a misspelt one, too. */
  newField?: boolean | undefined
  /** Asked inside the guard before anything else; throws when the item must not be changed. */
  check?: ((current: Current) => void) | undefined
}

/** These hold text, whatever its words are; in all others `true` and `50` are what they say. */
const TEXTS = new Set(['title', 'blocked_reason', 'cancelled_reason'])

/**
 * Sets fields. A status does all that its verb does: fields that go with it, lock and folder.
 * @param fields values by key, as they are typed; see parseAssignments
 * @throws WrkError USAGE (a field that holds a list or a map, or looks misspelt), NOT_FOUND, NO_SESSION, AMBIGUOUS,
 *   INVALID_ITEM, BUSY, IO
 */
export async function set(
  context: Context,
  idText: string,
  fields: ReadonlyMap<string, string>,
  options: SetOptions = {},
): Promise<SetResult> {
  const listsOf = await listChanges(context, idText, options)
  const { id, result } = await changeAsCaller<Decided>(
    context,
    idText,
    (current, by) => {
      options.check?.(current)
      return decide(context, current, by, fields, listsOf(current), options)
    },
    refused => ({ answer: refused, folder: null, warnings: refused.warnings }),
  )
  const { answer, folder } = result
  const before = answer.item.path
  if (answer.kind === 'set' && answer.changed && folder !== null)
    answer.item.path = await completeMoveOf(context, id, answer.item, answer.warnings, folder)
  if (answer.kind === 'set' && answer.item.path !== before) answer.moved = folder
  return answer
}

/**
 * The changes of lists, made from the item as it is. What it is to wait for is looked at beforehand.
 * @throws WrkError USAGE, NOT_FOUND, INVALID_ITEM (a circle)
 */
async function listChanges(
  context: Context,
  idText: string,
  { lists = new Map(), waits }: SetOptions,
): Promise<(current: Current) => ListChanges> {
  const checked = new Map(lists)
  for (const [key, { add, remove }] of lists)
    if (isDependencyKey(key) && add.length > 0)
      checked.set(key, { add: await newBlockers(context, idText, add), remove })
  if (!waits) return () => checked
  const on = waits.on.length > 0 ? await newBlockers(context, idText, waits.on) : []
  return current => new Map([...checked, ...dependencyChanges(current, on, waits.notOn)])
}

interface Decided {
  answer: SetResult
  /** Where the item belongs now; null: it stays where it is. */
  folder: string | null
  warnings: string[]
}

/** @throws WrkError USAGE for a list or a map */
function checkSingleValue(current: Current, { id, path }: ItemSummary, key: string): void {
  const kind = current.kindOf(key)
  if (kind !== null && kind !== 'scalar')
    throw new WrkError('USAGE', `${key} of ${id} is a ${kind}; wrk sets only single values`, {
      hint: `Edit the file: ${path}`,
    })
}

function decide(
  context: Context,
  current: Current,
  caller: Caller,
  fields: ReadonlyMap<string, string>,
  lists: ListChanges,
  { stay = false, newField = false }: SetOptions,
): ItemDecision<Decided> {
  const item = summary(current)
  const { place } = current
  for (const key of fields.keys()) checkSingleValue(current, item, key)
  const changes = new Map([...fields].filter(([key, value]) => (current.text(key) ?? '') !== value))
  const before = Object.fromEntries([...changes.keys()].map(key => [key, current.text(key) ?? null]))
  const added = newField ? [] : newFields(current, item.id, changes, lists)
  const status = changes.get('status')
  const effect: StatusEffect =
    status === undefined ? STAYS : effectOfStatus(status, { status: item.status, folder: place.folder })
  if (effect.kind === 'archive' && !stay)
    throw new WrkError('USAGE', `the status ${status} is set by wrk archive`, {
      hint: `wrk archive ${item.id}`,
    })
  const own = Object.fromEntries(
    [...changes].map(([key, word]) => [key, TEXTS.has(key) ? { text: word } : { word }]),
  )
  const shown = {
    ...item,
    title: fields.get('title') ?? item.title,
    status: fields.get('status') ?? item.status,
  }
  const edited = changeLists(context, current, lists)
  const keys = [...changes.keys(), ...Object.keys(edited?.words ?? {})]
  const warnings = doubtsAbout(changes, item.id, stay ? place.folder : null)
  const set = {
    kind: 'set',
    changed: true,
    item: shown,
    before,
    lists: edited?.words ?? {},
    transition: null,
    moved: null,
    added,
    warnings,
  } as const

  if (effect.kind === 'verb' && !stay) {
    const { verb, folder } = effect
    const as = { word: status!, folder, fields: own }
    const decision = decideTransitionOf(context, verb, current, caller, { as })
    const decided = decidedBy(decision, set, folder)
    return decided.kind === 'leave' ? decided : { ...decided, text: edited?.text }
  }
  const now = context.clock()
  const allowed = permission(context, current, caller, now, false)
  if (allowed.kind !== 'may') return leave({ kind: 'refused', item, why: allowed, warnings: [] })
  if (keys.length === 0) return leave({ ...set, changed: false, item })
  const folder = effect.kind === 'word' && !stay ? effect.folder : null
  return {
    kind: 'change',
    fields: { ...withStatus(effect, status, current, stamp(now)), ...own },
    text: edited?.text,
    event: {
      ...newEvent(stamp(now), 'changed'),
      item: item.id,
      session: caller.holder,
      reason: keys.join(', '),
      tx: context.store.host.randomLetters(12),
    },
    move: folder === null || folder === place.folder ? undefined : { status: status!, folder },
    result: { answer: set, folder, warnings },
  }
}

const STAYS: StatusEffect = { kind: 'word', folder: null }

function leave(answer: SetResult): ItemDecision<Decided> {
  return { kind: 'leave', result: { answer, folder: null, warnings: answer.warnings } }
}

/** A verb's decision as that of set, which shares its item and its warnings. */
function decidedBy(
  decision: ItemDecision<TransitionResult>,
  set: Extract<SetResult, { kind: 'set' }>,
  folder: string,
): ItemDecision<Decided> {
  const { result } = decision
  if (decision.kind === 'leave' && result.kind !== 'done') return leave(result)
  const done = result as Done
  const { lock, from } = done
  const item = Object.assign(done.item, { title: set.item.title })
  done.warnings.push(...set.warnings)
  const answer = { ...set, changed: done.changed, item, transition: { lock, from }, warnings: done.warnings }
  const decided = { answer, folder, warnings: done.warnings }
  return decision.kind === 'leave' ? { kind: 'leave', result: decided } : { ...decision, result: decided }
}

/** What goes with a status that is only written. */
function withStatus(
  effect: StatusEffect,
  status: string | undefined,
  current: Current,
  now: string,
): Record<string, FieldValue> {
  if (effect.kind === 'verb') return besides(effect.verb, current, now, undefined)
  const isClosing = status !== undefined && isClosed(status, '')
  return isClosing && lacksCompletion(current) ? { completed_at: { word: now } } : {}
}
