/** Sets fields of an item in place: single values only, every other byte stays. */
import { shellWord } from '../../core/commits/form.ts'
import { WrkError } from '../../core/errors.ts'
import { judgeNewField } from '../../core/items/fields.ts'
import { knownRank, unknownPriority } from '../../core/items/priority.ts'
import { fitsFolder, folderOf, isArchived, isClosed, unknownStatus } from '../../core/items/status.ts'
import { effectOfStatus, type StatusEffect } from '../../core/items/transition.ts'
import { newEvent } from '../../core/log/event.ts'
import { stamp } from '../../core/time.ts'
import type { FieldValue } from '../../markdown/splice.ts'
import type { Current, ItemDecision } from '../../store/items/item-store.ts'
import { type ItemSummary, summary } from '../claims/claim.ts'
import { permission } from '../claims/permission.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../sessions/caller.ts'
import { changeAsCaller } from './change-as-caller.ts'
import { completeMoveOf } from './complete-moves.ts'
import { besides, decideTransitionOf, lacksCompletion, type TransitionResult } from './transition.ts'

export type SetResult =
  | {
      kind: 'set'
      changed: boolean
      item: ItemSummary
      /** What the changed fields held before; null: nothing. */
      before: Record<string, string | null>
      /** Of a status that is set as its verb does it: who holds the item now, and who gave way. */
      transition: Pick<Done, 'lock' | 'from'> | null
      /** The folder that it was moved to; null when it lies where it lay. */
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
  /** Adds a field that looks like a misspelt one, too. */
  newField?: boolean | undefined
  /** Asked inside the guard before anything else; throws when the item must not be changed. */
  check?: ((current: Current) => void) | undefined
}

/** These hold text, whatever its words are; in all others `true` and `50` are what they say. */
const TEXTS = new Set(['title', 'blocked_reason'])

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
  const { id, result } = await changeAsCaller<Decided>(
    context,
    idText,
    (current, by) => {
      options.check?.(current)
      return decide(context, current, by, fields, options)
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

interface Decided {
  answer: SetResult
  /** Where the item belongs now; null: it stays where it lies. */
  folder: string | null
  warnings: string[]
}

function decide(
  context: Context,
  current: Current,
  caller: Caller,
  fields: ReadonlyMap<string, string>,
  { stay = false, newField = false }: SetOptions,
): ItemDecision<Decided> {
  const item = summary(current)
  const { place } = current
  for (const key of fields.keys()) {
    const kind = current.kindOf(key)
    if (kind !== null && kind !== 'scalar')
      throw new WrkError('USAGE', `${key} of ${item.id} holds a ${kind}, and wrk sets single values only`, {
        hint: `Edit ${item.path} for that.`,
      })
  }
  const changes = new Map([...fields].filter(([key, value]) => (current.text(key) ?? '') !== value))
  const before = Object.fromEntries([...changes.keys()].map(key => [key, current.text(key) ?? null]))
  const added = newField ? [] : newFields(current, item.id, changes)
  const status = changes.get('status')
  const effect: StatusEffect =
    status === undefined ? STAYS : effectOfStatus(status, { status: item.status, folder: place.folder })
  if (effect.kind === 'archive' && !stay)
    throw new WrkError('USAGE', `the status ${status} is set by wrk archive, which also moves the item`, {
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
  const warnings = doubtsAbout(changes, item.id, stay ? place.folder : null)
  const set = {
    kind: 'set',
    changed: true,
    item: shown,
    before,
    transition: null,
    moved: null,
    added,
    warnings,
  } as const

  if (effect.kind === 'verb' && !stay) {
    const { verb, folder } = effect
    const as = { word: status!, folder, fields: own }
    const decision = decideTransitionOf(context, verb, current, caller, { as })
    return decidedBy(decision, set, folder)
  }
  const now = context.clock()
  const allowed = permission(context, current, caller, now, false)
  if (allowed.kind !== 'may') return leave({ kind: 'refused', item, why: allowed, warnings: [] })
  if (changes.size === 0) return leave({ ...set, changed: false, item })
  const folder = effect.kind === 'word' && !stay ? effect.folder : null
  return {
    kind: 'change',
    fields: { ...withStatus(effect, status, current, stamp(now)), ...own },
    event: {
      ...newEvent(stamp(now), 'changed'),
      item: item.id,
      session: caller.holder,
      reason: [...changes.keys()].join(', '),
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

/**
 * The fields that an item is to get and that mean nothing to wrk.
 * @throws WrkError USAGE for one that looks like another
 */
function newFields({ fields, kindOf }: Current, id: string, changes: ReadonlyMap<string, string>): string[] {
  const own = fields.pairs.map(({ key }) => key)
  return [...changes].flatMap(([key, value]) => {
    if (kindOf(key) !== null) return []
    const judged = judgeNewField(key, own)
    if (judged.kind === 'near')
      throw new WrkError('USAGE', `unknown field ${key}. Did you mean ${judged.meant}?`, {
        hint: `To add it as a new field: wrk set ${id} --new-field ${shellWord(`${key}=${value}`)}`,
      })
    return judged.kind === 'new' ? [key] : []
  })
}

/**
 * What is written as it was typed, and may yet not be what was meant.
 * @param folder where the item stays, whatever its status
 */
function doubtsAbout(fields: ReadonlyMap<string, string>, id: string, folder: string | null): string[] {
  const doubts: string[] = []
  const status = fields.get('status') ?? ''
  if (status !== '' && !folderOf(status)) doubts.push(unknownStatus(status))
  if (status !== '' && folder !== null && !fitsFolder(status, folder))
    doubts.push(
      `${id} lies in ${folder}/, where ${status} does not belong; ${mover(status, folder, id)} moves it`,
    )
  const priority = fields.get('priority') ?? ''
  if (priority !== '' && knownRank(priority) === null) doubts.push(unknownPriority(priority))
  return doubts
}

/** The command that brings an item of this status to its folder. */
function mover(status: string, folder: string, id: string): string {
  if (isArchived(status, '')) return `wrk archive ${id}`
  if (isClosed(status, '')) return `wrk done ${id}`
  if (!isClosed(undefined, folder)) return 'wrk doctor --fix'
  // That leaves it to a person whether an open status or the folder of what is closed is meant.
  const home = folderOf(status)
  return `wrk ${home === 'pending' ? 'reopen' : home === 'working' ? 'start' : 'block'} ${id}`
}
