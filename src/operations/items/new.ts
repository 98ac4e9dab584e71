/**
 * Makes an item from the queue's template.
 *
 * Guarantees: its id is one that no other ever had (give-id.ts); the file appears whole or not at all, and replaces
 * nothing.
 */
import { join } from 'node:path'
import { messageOf } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { parseId } from '../../core/items/ids.ts'
import { knownRank, unknownPriority } from '../../core/items/priority.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import { withGuard } from '../../store/files/guard.ts'
import { publish } from '../../store/files/guarded-file.ts'
import { makeFolder } from '../../store/items/places/item-move.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import type { PendingEvent } from '../../store/log/event-log.ts'
import { logChanges, publishLogged } from '../../store/log/outbox.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { withReaders } from '../../store/readers.ts'
import type { Store } from '../../store/store.ts'
import type { ItemSummary } from '../claims/item-summary.ts'
import { type Context, prepareState } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { giveId } from './allocate-id.ts'
import { spelledId } from './fields/dependencies.ts'
import { type Fields, filled, type NewText, type Template, templateFor } from './fill-template.ts'

export interface NewItem {
  /** Undefined: what `from` calls it. */
  title: string | undefined
  priority?: string | undefined
  complexity?: string | undefined
  /** Ids of items that it waits for. */
  blockedBy?: readonly string[] | undefined
  parent?: string | undefined
  labels?: readonly string[] | undefined
  repos?: readonly string[] | undefined
  /** The text below the frontmatter, in place of the template's. */
  body?: Buffer | undefined
  /** Boxes to check, a line each. */
  criteria?: readonly string[] | undefined
  /** A markdown file to make it from, in place of the queue's template: its fields and its text. */
  from?: Template | undefined
  /** Other fields, as an import has them. */
  fields?: Fields | undefined
  /** Where it goes, unless it is pending. */
  status?: { word: string; folder: string } | undefined
  /** The text of an item where the queue has no template of its own. */
  template: string
}

export interface MadeItem {
  item: ItemSummary
  warnings: string[]
}

const LONGEST_TITLE = 300
const LONGEST_LINE = 1000
/** The words that are offered; a queue may use others. */
export const PRIORITIES: readonly string[] = ['critical', 'high', 'medium', 'low']
export const COMPLEXITIES: readonly string[] = ['simple', 'moderate', 'complex']
const WORD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/

/**
 * @throws WrkError USAGE (an invalid title, word or id; no number left), NOT_FOUND (an item that is named),
 *   INVALID_ITEM (a template that cannot be filled in), BUSY, IO
 */
export async function newItem(impatient: Context, wanted: NewItem): Promise<MadeItem> {
  const context = patient(impatient)
  const { store, clock } = context
  const { host, stateDir } = store
  const at = clock()
  const { template, body, emptied, ...found } = await templateFor(context, wanted)
  const title = checkedTitle(wanted.title ?? found.title)
  const { word: status, folder } = wanted.status ?? { word: 'pending', folder: 'pending' }
  const fields: Fields = {
    title: { text: title },
    status: { word: status },
    ...fieldsOf(context, wanted),
    ...emptied,
    created_at: { word: stamp(at) },
    ...wanted.fields,
  }
  const text: NewText = { body, criteria: (wanted.criteria ?? []).map(one => oneLine(one, '--criteria')) }
  // A template that cannot be filled in must not cost an id.
  await withReaders(full => filled(template, `${store.settings.idPrefix}-0`, title, fields, text, full))
  prepareState(context)
  const { caller } = await resolveCaller(context)
  const warnings = new Set<string>()
  const { priority } = wanted
  if (priority !== undefined && knownRank(priority) === null) warnings.add(unknownPriority(priority))
  for (;;) {
    const { id, ...more } = await giveId(context)
    for (const warning of more.warnings) warnings.add(warning)
    const event = pendingEvent(host, at, 'created', { item: id, session: caller?.holder ?? null })
    const bytes = await withReaders(full => filled(template, id, title, fields, text, full))
    const made = await make(store, id, bytes, folder, event)
    // Another program put a file of that id there at this moment.
    if (!made) continue
    if (made.failure) warnings.add(`the disk may not have ${id} yet: ${messageOf(made.failure)}`)
    for (const warning of await logChanges(host, stateDir, made.toLog)) warnings.add(warning)
    return { item: { id, path: made.path, title, status }, warnings: [...warnings] }
  }
}

/** All that make items wait for the same guards, and there may be hundreds: longer, and asking less often. */
function patient(context: Context): Context {
  const { store } = context
  const { sleep } = store.host
  const host = { ...store.host, patienceMs: PATIENCE_MS, sleep: (ms: number) => sleep(4 * ms) }
  return { ...context, store: { ...store, host } }
}

const PATIENCE_MS = 120_000

/**
 * Under a guard for all new items, since nobody would come to heal that of an id that was never used; nobody else can
 * be at an item that is not there.
 * @returns null when there is an item of that id
 */
function make(store: Store, id: string, bytes: Buffer, folder: string, event: PendingEvent) {
  const { host, root, stateDir, settings } = store
  const { disk } = host
  const { key } = parseId(id, settings.idPrefix)
  return withGuard(host, stateDir, 'new-item', guard => {
    if (placesOf(disk, root, key).length > 0) return null
    const path = join(makeFolder(disk, root, folder), `${id}.md`)
    const conflicts = join(stateDir, 'conflicts')
    const { published, toLog } = publishLogged(disk, stateDir, key, guard, [], event, () =>
      publish(disk, guard, { bytes, from: 'absent', path, durable: true, conflicts }),
    )
    return { path, toLog, failure: published.failure }
  })
}

/** Characters that end a line or hide text; marks of direction may be part of a title. */
const BREAKS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/

/** @throws WrkError USAGE for what is no title */
export function checkedTitle(title: string | undefined): string {
  const text = title?.trim() ?? ''
  const hint = 'wrk new "What is to be done"'
  if (text === '' || text.length > LONGEST_TITLE)
    throw new WrkError('USAGE', `a title must be one line of 1 to ${LONGEST_TITLE} characters`, { hint })
  return withoutBreaks(text, 'a title', hint)
}

/** @throws WrkError USAGE */
function oneLine(words: string, option: string): string {
  const text = words.trim()
  if (text === '' || text.length > LONGEST_LINE)
    throw new WrkError('USAGE', `${option} must be one line of 1 to ${LONGEST_LINE} characters`)
  return withoutBreaks(text, option)
}

function withoutBreaks(text: string, what: string, hint?: string): string {
  const [bad] = BREAKS.exec(text) ?? []
  if (bad === undefined) return text
  const code = bad.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  throw new WrkError('USAGE', `the character U+${code} is not allowed in ${what}`, { hint })
}

function fieldsOf(
  { store }: Context,
  { priority, complexity, blockedBy, parent, labels, repos }: NewItem,
): Fields {
  const fields: Fields = {}
  for (const [key, word] of [
    ['priority', priority],
    ['complexity', complexity],
  ] as const) {
    if (word === undefined) continue
    if (!WORD.test(word)) throw new WrkError('USAGE', `--${key} must be a word, not "${printable(word, 40)}"`)
    fields[key] = { word }
  }
  const known = (text: string) => spelledId(store, text)
  if (blockedBy?.length) fields.blocked_by = { list: [...new Set(blockedBy.map(known))] }
  if (labels?.length) fields.labels = { list: labels.map(one => oneLine(one, '--label')) }
  if (repos?.length) fields.target_repos = { list: repos.map(one => oneLine(one, '--repo')) }
  if (parent !== undefined) fields.parent = { word: known(parent) }
  return { ...fields, locked_by: '', locked_at: '' }
}
