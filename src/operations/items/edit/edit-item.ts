/**
 * Editing an item by hand: a copy is edited, checked, and published as any other change.
 *
 * Guarantees: the item is the old text or the checked new one, never anything between; who may not change it learns so
 * before the editor opens; what others changed meanwhile is merged, or the copy is kept and nothing is changed. A status
 * does what its verb does.
 * Of a file that cannot be read there is nothing to merge with: it is edited where it is.
 */

import { WrkError } from '../../../core/errors.ts'
import { parseId } from '../../../core/items/ids.ts'
import { effectOfStatus } from '../../../core/items/transition.ts'
import { mergeItem } from '../../../core/merges/merge-item.ts'
import { findPair, scalarText } from '../../../markdown/scalar.ts'
import { bodyStart } from '../../../markdown/split.ts'
import { readPlainFile } from '../../../store/files/guarded-file.ts'
import type { Current, ItemText } from '../../../store/items/current-item.ts'
import { readItem } from '../../../store/items/item-reader.ts'
import type { ItemPlace } from '../../../store/items/places/item-places.ts'
import type { ItemDecision } from '../../../store/items/publication-of.ts'
import { pendingEvent } from '../../../store/log/pending-event.ts'
import { NeedsFullReader } from '../../../store/readers.ts'
import { heldLock, holderInfo, judgeFor } from '../../claims/holder.ts'
import { type ItemSummary, summary } from '../../claims/item-summary.ts'
import { permission, type Refused } from '../../claims/permission.ts'
import { type Context, currentRegistry } from '../../context.ts'
import { type Caller, register } from '../../sessions/caller.ts'
import { changeAsCaller } from '../change-as-caller.ts'
import { completeMoveOf } from '../transitions/complete-moves.ts'
import { decideTransitionOf, type TransitionResult } from '../transitions/transition.ts'
import { changedFields, type EditProblem, fieldsOfText, problemsOf } from './check-edited.ts'
import { makeCopy, readCopy, removeCopy } from './edit-copy.ts'

/** An item in an editor. */
export interface Editing {
  kind: 'editing'
  item: ItemSummary
  place: ItemPlace
  original: Buffer
  /** What the editor opens: a copy, or the file itself where that cannot be read as an item. */
  path: string
  isCopy: boolean
  warnings: string[]
}

export type EditResult =
  | {
      kind: 'edited'
      changed: boolean
      item: ItemSummary
      /** The fields that are others now, and whether the text below them is. */
      fields: string[]
      body: boolean
      warnings: string[]
    }
  | { kind: 'invalid'; item: ItemSummary; problems: EditProblem[]; warnings: string[] }
  /** Others changed the same meanwhile. */
  | { kind: 'conflict'; item: ItemSummary; keys: string[]; warnings: string[] }
  | Exclude<TransitionResult, { kind: 'done' }>

/** @throws WrkError USAGE, NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM (no regular file), BUSY, IO */
export async function beginEdit(context: Context, idText: string): Promise<Editing | Refused> {
  try {
    const { result } = await changeAsCaller<Omit<Editing, 'path' | 'isCopy'> | Refused>(
      context,
      idText,
      (current, caller) => ({ kind: 'leave', result: look(context, current, caller) }),
      refused => refused,
    )
    if (result.kind === 'refused') return result
    return { ...result, path: makeCopy(result.place.path, result.original), isCopy: true }
  } catch (error) {
    if (!(error instanceof WrkError) || error.code !== 'INVALID_ITEM') throw error
    return beginInPlace(context, idText)
  }
}

function look(
  context: Context,
  current: Current,
  caller: Caller,
): Omit<Editing, 'path' | 'isCopy'> | Refused {
  const item = summary(current)
  const why = permission(context, current, caller, context.clock(), false)
  if (why.kind !== 'may') return { kind: 'refused', item, why, warnings: [] }
  return { kind: 'editing', item, place: current.place, original: current.file.bytes, warnings: [] }
}

/** The record may still tell who holds it. */
async function beginInPlace(context: Context, idText: string): Promise<Editing | Refused> {
  const { store } = context
  const [reading] = await readItem(store, parseId(idText, store.settings.idPrefix))
  const { place, lock } = reading!
  const item = summary(reading!)
  const caller = await register(context)
  const registry = await currentRegistry(context)
  const judge = judgeFor(store, () => registry, context.clock())
  const held = lock?.by === caller.holder ? null : heldLock(judge, reading!)
  if (held) {
    const why = { kind: 'held', holder: holderInfo(judge, held), superseded: null } as const
    return { kind: 'refused', item, why, warnings: [] }
  }
  const original = readPlainFile(store.host.disk, place.path).bytes
  return { kind: 'editing', item, place, original, path: place.path, isCopy: false, warnings: [] }
}

/**
 * Publishes what was edited. After `edited` and `refused` the copy is gone; in all other cases it stays, to go on with.
 * @throws WrkError as beginEdit does
 */
export async function finishEdit(context: Context, editing: Editing): Promise<EditResult> {
  const { item, place, original, path, isCopy } = editing
  const edited = isCopy ? readCopy(path) : readPlainFile(context.store.host.disk, path).bytes
  const before = fieldsOfText(original, undefined)
  if (isCopy && edited.equals(original)) {
    removeCopy(path)
    return { kind: 'edited', changed: false, item, fields: [], body: false, warnings: [] }
  }
  const problems = await problemsOf(context.store, place, edited, isCopy ? (before?.map ?? null) : null)
  if (problems.length > 0) return { kind: 'invalid', item, problems, warnings: [] }
  if (!isCopy)
    return { kind: 'edited', changed: !edited.equals(original), item, fields: [], body: true, warnings: [] }
  const result = await publishEdited(context, editing, edited)
  if (result.kind === 'edited') removeCopy(path)
  return result
}

/** Leaves the item as it is. A copy in which nothing was written is removed. @returns whether the copy is kept */
export function abandonEdit({ path, isCopy, original }: Editing): boolean {
  if (!isCopy || !readCopy(path).equals(original)) return isCopy
  removeCopy(path)
  return false
}

interface Decided {
  answer: EditResult
  /** Where the item belongs now; null: it stays where it lies. */
  folder: string | null
  warnings: string[]
}

async function publishEdited(context: Context, editing: Editing, edited: Buffer): Promise<EditResult> {
  const { id, result } = await changeAsCaller<Decided>(
    context,
    editing.item.id,
    (current, caller) => decide(context, current, caller, editing, edited),
    refused => ({ answer: refused, folder: null, warnings: refused.warnings }),
  )
  const { answer, folder } = result
  answer.warnings = result.warnings
  if (answer.kind === 'edited' && folder !== null)
    answer.item.path = await completeMoveOf(context, id, answer.item, answer.warnings, folder)
  return answer
}

function decide(
  context: Context,
  current: Current,
  caller: Caller,
  { original }: Editing,
  edited: Buffer,
): ItemDecision<Decided> {
  const item = summary(current)
  const now = context.clock()
  const why = permission(context, current, caller, now, false)
  if (why.kind !== 'may') return leave({ kind: 'refused', item, why, warnings: [] })
  const made = withOthers(current, original, edited)
  if (Array.isArray(made)) return leave({ kind: 'conflict', item, keys: made, warnings: [] })
  const { frontmatter } = made
  const text = (key: string) => scalarText(findPair(frontmatter.map, key)?.value)
  const fields = changedFields(current.file.frontmatter, frontmatter)
  const body = !bodyOf(current.file).equals(bodyOf(made))
  const status = text('status') ?? ''
  const shown = { ...item, title: text('title') ?? item.title, status }
  const answer = {
    kind: 'edited',
    changed: true,
    item: shown,
    fields,
    body,
    warnings: [],
  } satisfies EditResult
  const effect = effectOfStatus(status, { status: item.status, folder: current.place.folder })
  if (effect.kind === 'archive') {
    const message = `the status ${status} is set by wrk archive ${item.id}`
    return leave({ kind: 'invalid', item, problems: [{ line: 1, column: 1, message }], warnings: [] })
  }
  if (effect.kind === 'verb') {
    const as = { word: status, folder: effect.folder, fields: {} }
    const decision = decideTransitionOf(context, effect.verb, current, caller, { as })
    if (decision.result.kind !== 'done') return leave(decision.result)
    if (decision.kind === 'change') {
      const own = Object.entries(decision.fields).filter(([key]) => !fields.includes(key))
      const result = { answer, folder: effect.folder, warnings: decision.result.warnings }
      return { ...decision, fields: Object.fromEntries(own), text: made, result }
    }
  }
  const folder = effect.kind === 'word' ? effect.folder : null
  return {
    kind: 'change',
    fields: {},
    text: made,
    event: pendingEvent(context.store.host, now, 'changed', {
      item: item.id,
      session: caller.holder,
      reason: [...fields, ...(body ? ['text'] : [])].join(', '),
    }),
    move: folder === null || folder === current.place.folder ? undefined : { status, folder },
    result: { answer, folder, warnings: [] },
  }
}

function leave(answer: EditResult): ItemDecision<Decided> {
  return { kind: 'leave', result: { answer, folder: null, warnings: answer.warnings } }
}

/** The edited text, with what others wrote meanwhile; else what both changed. */
function withOthers({ file, full }: Current, original: Buffer, edited: Buffer): ItemText | string[] {
  const isAlone = file.bytes.equals(original)
  const merged = isAlone
    ? ({ kind: 'merged', bytes: edited } as const)
    : mergeItem({ base: original, ours: file.bytes, theirs: edited }, undefined, full)
  if (merged.kind === 'needsFull') throw new NeedsFullReader()
  if (merged.kind !== 'merged') return merged.kind === 'conflict' ? merged.keys : []
  const frontmatter = fieldsOfText(merged.bytes, full)
  if (frontmatter) return { bytes: merged.bytes, frontmatter }
  if (!full) throw new NeedsFullReader()
  return []
}

function bodyOf({ bytes, frontmatter }: ItemText): Buffer {
  return bytes.subarray(bodyStart(bytes, frontmatter.split))
}
