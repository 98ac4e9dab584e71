/**
 * Makes an item from the queue's template.
 *
 * Guarantees: its id is one that no other ever had (give-id.ts); the file appears whole or not at all, and replaces
 * nothing.
 */
import { join } from 'node:path'
import { asIoError, MISSING, messageOf, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { parseId } from '../../core/items/ids.ts'
import { knownRank, unknownPriority } from '../../core/items/priority.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import { type FieldValue, spliceChecked } from '../../markdown/edit/splice.ts'
import { type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { withGuard } from '../../store/files/guard.ts'
import { publish, readPlainFile } from '../../store/files/guarded-file.ts'
import { makeFolder } from '../../store/items/places/item-move.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import type { PendingEvent } from '../../store/log/event-log.ts'
import { logChanges, publishLogged } from '../../store/log/outbox.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { NeedsFullReader, withReaders } from '../../store/readers.ts'
import type { Store } from '../../store/store.ts'
import type { ItemSummary } from '../claims/item-summary.ts'
import { type Context, prepareState } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'
import { giveId } from './allocate-id.ts'
import { spelledId } from './fields/dependencies.ts'

export interface NewItem {
  title: string
  priority?: string | undefined
  complexity?: string | undefined
  /** Ids of items that it waits for. */
  blockedBy?: readonly string[] | undefined
  parent?: string | undefined
  /** The text of an item where the queue has no template of its own. */
  template: string
}

export interface MadeItem {
  item: ItemSummary
  warnings: string[]
}

interface Template {
  path: string
  bytes: Buffer
}

type Fields = Record<string, FieldValue>

const LONGEST_TITLE = 300
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
  const title = titleOf(wanted.title)
  const at = clock()
  const fields: Fields = {
    title: { text: title },
    ...fieldsOf(context, wanted),
    created_at: { word: stamp(at) },
  }
  const template = readTemplate(context, wanted.template)
  // A template that cannot be filled in must not cost an id.
  await withReaders(full => filled(template, `${store.settings.idPrefix}-0`, title, fields, full))
  prepareState(context)
  const { caller } = await resolveCaller(context)
  const warnings = new Set<string>()
  const { priority } = wanted
  if (priority !== undefined && knownRank(priority) === null) warnings.add(unknownPriority(priority))
  for (;;) {
    const given = await giveId(context)
    for (const warning of given.warnings) warnings.add(warning)
    const { id } = given
    const event = pendingEvent(host, at, 'created', { item: id, session: caller?.holder ?? null })
    const bytes = await withReaders(full => filled(template, id, title, fields, full))
    const made = await make(store, id, bytes, event)
    // Another program put a file of that id there at this moment.
    if (!made) continue
    if (made.failure) warnings.add(`the disk may not have ${id} yet: ${messageOf(made.failure)}`)
    for (const warning of await logChanges(host, stateDir, made.toLog)) warnings.add(warning)
    return { item: { id, path: made.path, title, status: 'pending' }, warnings: [...warnings] }
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
function make(store: Store, id: string, bytes: Buffer, event: PendingEvent) {
  const { host, root, stateDir, settings } = store
  const { disk } = host
  const { key } = parseId(id, settings.idPrefix)
  return withGuard(host, stateDir, 'new-item', guard => {
    if (placesOf(disk, root, key).length > 0) return null
    const path = join(makeFolder(disk, root, 'pending'), `${id}.md`)
    const conflicts = join(stateDir, 'conflicts')
    const { published, toLog } = publishLogged(disk, stateDir, key, guard, [], event, () =>
      publish(disk, guard, { bytes, from: 'absent', path, durable: true, conflicts }),
    )
    return { path, toLog, failure: published.failure }
  })
}

/** The template's bytes as those of an item. @throws WrkError INVALID_ITEM, with the template's line */
function filled(
  { path, bytes }: Template,
  id: string,
  title: string,
  fields: Fields,
  full: FullReader | undefined,
): Buffer {
  const found = readFrontmatter(bytes, full)
  if (found.kind === 'needsFull') throw new NeedsFullReader()
  if (found.kind === 'error') throw badTemplate(path, found.error)
  const spliced = spliceChecked(bytes, found, { id: { word: id }, ...fields }, full)
  if (spliced.kind === 'needsFull') throw new NeedsFullReader()
  if (spliced.kind === 'error') throw badTemplate(path, spliced.error)
  const heading = scalarText(findPair(found.map, 'title')?.value)
  return withHeading(spliced.bytes, spliced.after.split.yamlEnd, heading, title)
}

function badTemplate(
  path: string,
  { message, line, column }: { message: string; line: number; column: number },
) {
  return new WrkError('INVALID_ITEM', `${path}:${line}: ${message}`, {
    hint: 'Correct the template, or remove it to use the built-in one.',
    details: { path, line, column },
  })
}

/** Characters that end a line or hide text; marks of direction may be part of a title. */
const BREAKS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/

function titleOf(title: string): string {
  const text = title.trim()
  const hint = 'wrk new "What is to be done"'
  if (text === '' || text.length > LONGEST_TITLE)
    throw new WrkError('USAGE', `a title must be one line of 1 to ${LONGEST_TITLE} characters`, { hint })
  const [bad] = BREAKS.exec(text) ?? []
  if (bad === undefined) return text
  const code = bad.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  throw new WrkError('USAGE', `the character U+${code} is not allowed in a title`, { hint })
}

function fieldsOf({ store }: Context, { priority, complexity, blockedBy, parent }: NewItem): Fields {
  const fields: Fields = { status: { word: 'pending' } }
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
  if (parent !== undefined) fields.parent = { word: known(parent) }
  return { ...fields, locked_by: '', locked_at: '' }
}

/** The queue's own template, else the built-in one. */
function readTemplate({ store }: Context, builtIn: string): Template {
  const path = join(store.root, 'templates', 'item.md')
  try {
    const own = unless(MISSING, null, () => readPlainFile(store.host.disk, path))
    return own ?? { path: 'the built-in template', bytes: Buffer.from(builtIn) }
  } catch (error) {
    throw asIoError(error, `could not read ${path}`)
  }
}

/** Where the body has the template's title for a heading, it becomes the new one's. */
function withHeading(bytes: Buffer, from: number, heading: string | undefined, title: string): Buffer {
  if (heading === undefined) return bytes
  const old = Buffer.from(`\n# ${heading}`)
  for (let at = bytes.indexOf(old, from); at >= 0; at = bytes.indexOf(old, at + 1)) {
    const end = at + old.length
    if (end < bytes.length && !/[\r\n]/.test(String.fromCharCode(bytes[end]!))) continue
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(`\n# ${title}`), bytes.subarray(end)])
  }
  return bytes
}
