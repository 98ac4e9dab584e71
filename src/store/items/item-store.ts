/**
 * Changing one item under its guard: its fields, and who holds it.
 *
 * Guarantees: a change is decided on the file, its record and the sessions as they were inside the guard; it
 * rewrites the named values and nothing else; a file with a problem that blocks is refused and stays as it is.
 */
import { join } from 'node:path'
import { type Hold, type ItemRecord, nextRecord, withShown, withSnapshot } from '../../core/claims/record.ts'
import { isFailure, MISSING, messageOf, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { displayOfFileName, type ItemId } from '../../core/items/ids.ts'
import type { Run } from '../../core/runs/run.ts'
import type { Registry } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import { type FieldValue, spliceChecked } from '../../markdown/edit/splice.ts'
import { type Frontmatter, type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import type { YamlMap, YamlNode } from '../../markdown/node.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { type RecordFile, readRecord, soundRecord } from '../claims/record-file.ts'
import { type HeldGuard, withGuard } from '../files/guard.ts'
import { type Published, syncFolder } from '../files/guarded-file.ts'
import { removeMarker } from '../files/marker.ts'
import { logChanges, type PendingEvent, type Unlogged } from '../log/event-log.ts'
import type { ItemPlace } from '../queue.ts'
import { NeedsFullReader, withReaders } from '../readers.ts'
import { type RunFile, readRuns, writeRun } from '../runs/runs.ts'
import { loadRegistry } from '../sessions/session-registry.ts'
import { changeRecord, completeItem } from './change-record.ts'
import { type ItemReading, interpret, type Store, withRecord } from './item-reader.ts'
import { type Move, writeMove } from './moves.ts'
import { type OpenItem, openItem } from './open-item.ts'
import { type ItemPublication, type ItemPublished, publishItem, resolveIntents } from './publish-item.ts'

/** What a change is decided on: read inside the guard. */
export interface Current extends ItemReading {
  /** Read when it is first asked for, still inside the guard: an item without a lock needs none. */
  registry: () => Registry
  /** The item's runs, as the guard shows them. */
  runs: () => readonly RunFile[]
  /** Events of changes that were made and that perhaps nobody has logged yet. */
  unlogged: readonly PendingEvent[]
  /** The text of a top-level field; undefined when it is missing, empty or no single value. */
  text: (key: string) => string | undefined
  /** What kind of value a field has; null when it is missing. */
  kindOf: (key: string) => YamlNode['kind'] | null
  /** All top-level fields. */
  fields: YamlMap
  /** The whole file, for what changes more than single values. */
  file: ItemText
  /** The reader of all YAML, where it is loaded. */
  full: FullReader | undefined
}

/** A file's bytes, and what its frontmatter says. */
export interface ItemText {
  bytes: Buffer
  frontmatter: Frontmatter
}

export type ItemDecision<T> =
  | {
      kind: 'change'
      /** Lock lines are not among them: they follow from the record. */
      fields: Record<string, FieldValue>
      /** The file with other changes made, on which the fields are set; made from `Current.file`. */
      text?: ItemText | undefined
      /** How it changes who holds the item; left out: it does not. */
      hold?: Hold | undefined
      /** The session whose claim is taken, or given up by itself. */
      session?: string | undefined
      event: PendingEvent
      result: T
      /** A run that begins with this change. */
      run?: Run | undefined
      /** Runs that end with it. */
      ends?: readonly RunFile[]
      /** Where the item is to be moved afterwards; see moveItem. */
      move?: Move | undefined
    }
  | { kind: 'leave'; result: T }

export interface ItemChange<T> {
  result: T
  /** For people: what went wrong besides, without undoing the change. */
  warnings: string[]
}

/**
 * Changes one item under its guard.
 * @param places where the item was found; it is looked for again when it is no longer there
 * @param decide called inside the guard, again when the file changed meanwhile; synchronous, keeps no state
 * @throws WrkError NOT_FOUND, AMBIGUOUS, INVALID_ITEM, BUSY; system errors pass
 */
export async function changeItem<T>(
  store: Store,
  id: ItemId,
  places: readonly ItemPlace[],
  decide: (current: Current) => ItemDecision<T>,
): Promise<ItemChange<T>> {
  const { host, stateDir } = store
  // One change has one event, however often it is decided.
  const attempt: Attempt = { tx: host.randomLetters(12), unlogged: [] }
  const changed = await withReaders(full =>
    withGuard(
      host,
      stateDir,
      id.key,
      guard => changeUnderGuard(store, id, places, decide, guard, full, attempt),
      2,
    ),
  ).catch(async error => {
    // A change that a crash kept from the log is logged by whoever meets it, also by one who is refused.
    await logChanges(host, stateDir, attempt.unlogged)
    if (attempt.taken) await undoClaim(store, id, attempt.taken)
    throw error
  })
  const warnings = afterChange(store, id, changed)
  if (changed.published?.isHalf) warnings.push(...(await completeLater(store, id)))
  warnings.push(...(await logChanges(host, stateDir, changed.published?.toLog ?? attempt.unlogged)))
  return { result: changed.result, warnings }
}

/** A claim that fails is none: its record is given up again. That it cannot be is left to the holder's release. */
async function undoClaim(
  store: Store,
  id: ItemId,
  { epoch, session, event }: NonNullable<Attempt['taken']>,
): Promise<void> {
  const { time: at } = event
  const why = 'the file could not be written'
  try {
    await changeRecord(store, id, record =>
      record?.state === 'held' && record.epoch === epoch
        ? {
            kind: 'change',
            hold: { kind: 'give', state: 'released', at, why },
            session,
            event: { ...event, type: 'released', previous_holder: record.holder, reason: why },
            result: undefined,
          }
        : { kind: 'leave', result: undefined },
    )
  } catch (error) {
    if (!isFailure(error)) throw error
  }
}

/** That it cannot be completed now is left to the next command. */
async function completeLater(store: Store, id: ItemId): Promise<string[]> {
  try {
    return await completeItem(store, id)
  } catch (error) {
    if (!isFailure(error)) throw error
    return [
      `${id.display} is changed, but its record is not yet (${messageOf(error)}); the next command completes it`,
    ]
  }
}

/** What one call keeps over its attempts to get and keep the guard. */
interface Attempt {
  tx: string
  unlogged: Unlogged[]
  /** The revision of a record that an attempt published before it had to start over. */
  committed?: number
  /** A claim whose record was published and whose file could not be written. */
  taken?: { epoch: number; session: string | undefined; event: PendingEvent }
}

interface Changed<T> {
  result: T
  published: ItemPublished | null
  ended: readonly RunFile[]
  strays: readonly ItemPlace[]
  overwritten: string | null
}

function changeUnderGuard<T>(
  store: Store,
  id: ItemId,
  places: readonly ItemPlace[],
  decide: (current: Current) => ItemDecision<T>,
  guard: HeldGuard,
  full: FullReader | undefined,
  attempt: Attempt,
): Changed<T> {
  const { host, stateDir } = store
  const { disk } = host
  const recordFile = readRecord(disk, stateDir, id.key)
  const record = soundRecord(id.display, recordFile)
  // Others have changed it since an earlier attempt published it: what comes now is another change.
  if (attempt.committed !== undefined && record?.rev !== attempt.committed) {
    attempt.tx = host.randomLetters(12)
    delete attempt.committed
  }
  const file = openItem(store, id, places, record)
  try {
    attempt.unlogged = resolveIntents(disk, stateDir, id.key, guard, recordFile, file)
    const found = readFrontmatter(file.bytes, full)
    const current = currentOf(store, file, found, recordFile, attempt.unlogged, full)
    const decision = decide(current)
    const nothing = { published: null, ended: [], strays: [], overwritten: null }
    if (decision.kind === 'leave') return { result: decision.result, ...nothing }

    const change = publicationOf(store, id, file, current, decision, full)
    const event = { ...decision.event, tx: attempt.tx }
    const run = decision.run ? writeRun(disk, stateDir, id.key, decision.run) : null
    try {
      if (decision.move) writeMove(disk, stateDir, id.key, decision.move)
      const published = publishItem(disk, stateDir, guard, attempt.unlogged, {
        ...change,
        record: recordFile,
        event,
      })
      const overwritten = change.item && current.foreign ? current.foreign.by : null
      return {
        result: decision.result,
        published,
        ended: decision.ends ?? [],
        strays: change.item ? file.strays : [],
        overwritten,
      }
    } catch (error) {
      if (run && guard.published.size === 0) removeMarker(disk, run)
      if (guard.published.has(guard.slot)) attempt.committed = change.next.rev
      const isTaken = decision.hold?.kind === 'take' && guard.published.size > 0 && isFailure(error)
      if (isTaken && current.lock?.by !== change.next.holder)
        attempt.taken = { epoch: change.next.epoch, session: decision.session, event }
      throw error
    }
  } finally {
    disk.closeSync(file.fd)
  }
}

function currentOf(
  store: Store,
  file: OpenItem,
  found: ReturnType<typeof readFrontmatter>,
  recordFile: RecordFile,
  unlogged: readonly Unlogged[],
  full: FullReader | undefined,
): Current {
  const { host, stateDir } = store
  const { disk } = host
  const reading = interpret(store, file.place, found)
  const problem = reading.problems.find(({ blocks }) => blocks)
  if (problem || found.kind !== 'ok')
    throw invalid(reading, problem ?? { message: 'cannot be read', line: 0, column: 0 })
  reading.modified = file.modified
  withRecord(reading, recordFile)
  let registry: Registry | undefined
  let runs: readonly RunFile[] | undefined
  return {
    ...reading,
    registry: () => {
      registry ??= loadRegistry(disk, store.registry, full)
      return registry
    },
    runs: () => {
      runs ??= readRuns(disk, stateDir, file.place.key)
      return runs
    },
    unlogged: unlogged.flatMap(({ events }) => events),
    text: key => scalarText(findPair(found.map, key)?.value),
    kindOf: key => findPair(found.map, key)?.value.kind ?? null,
    fields: found.map,
    file: { bytes: file.bytes, frontmatter: found },
    full,
  }
}

const KEEP: Hold = { kind: 'keep' }

/** What is to be published: the record after the change, and the file where anything in it changes. */
function publicationOf<T>(
  store: Store,
  id: ItemId,
  file: OpenItem,
  current: Current,
  { fields, text, hold = KEEP, session, move }: Extract<ItemDecision<T>, { kind: 'change' }>,
  full: FullReader | undefined,
): Omit<ItemPublication, 'record' | 'event'> {
  const { place, record, inFile, item } = current
  let next = nextRecord(item.id, record, hold)
  const taken = hold.kind === 'take'
  const needsItem = text !== undefined || Object.keys(fields).length > 0
  // A renewal leaves alone a file that shows the lock, or once did: a stash that is popped would trip over it.
  const isRenewal = taken && !hold.showsNew && !needsItem
  // A lock that another program wrote, where no record says otherwise, holds the item: it stays, and is no history.
  const isForeign = hold.kind === 'keep' && current.lock !== null && record?.state !== 'held'
  const all = { ...fields, ...(isRenewal || isForeign ? {} : lockLines(next, inFile)) }
  const claim = taken && session !== undefined ? claimOf(id, next, session) : {}
  const given = hold.kind === 'give' && session !== undefined ? { gives: session } : {}
  const order = taken ? 'record-first' : 'item-first'
  const shared = { key: id.key, order, needsItem, ...claim, ...given } as const
  if (Object.keys(all).length === 0 && !text) return { ...shared, next, item: null }

  const { bytes: base, frontmatter } = text ?? current.file
  const spliced = spliceChecked(base, frontmatter, all, full)
  if (spliced.kind === 'needsFull') throw new NeedsFullReader()
  if (spliced.kind === 'error') throw invalid(current, spliced.error)
  const { map } = spliced.after
  const written = Object.keys(all).map(key => [key, scalarText(findPair(map, key)?.value) ?? null])
  const folder = move?.folder ?? place.folder
  if (inFile && !isForeign) next = withShown(next, inFile)
  next = withSnapshot(
    next,
    folder === '' ? place.name : `${folder}/${place.name}`,
    Object.fromEntries(written),
  )
  const conflicts = join(store.stateDir, 'conflicts')
  const { bytes } = spliced
  return { ...shared, next, item: { bytes, from: file, path: file.path, durable: true, conflicts } }
}

function claimOf(
  { key }: ItemId,
  { id, run, claimedAt }: ItemRecord,
  session: string,
): Pick<ItemPublication, 'takes'> {
  return { takes: { session, claim: { key, id, claimedAt: claimedAt!, runId: run } } }
}

/** The lock lines that show the record, where the file's are others. */
function lockLines(
  { state, holder, lockedAt }: ItemRecord,
  inFile: ItemReading['inFile'],
): Record<string, FieldValue> {
  if (state !== 'held') return inFile ? { locked_by: '', locked_at: '' } : {}
  const isShown = inFile?.by === holder && inFile.at !== null && stamp(inFile.at) === lockedAt
  return isShown ? {} : { locked_by: holder, locked_at: lockedAt! }
}

/** What is done when the change has been published. @returns warnings */
function afterChange<T>(
  store: Store,
  { display }: ItemId,
  { published, ended, strays, overwritten }: Changed<T>,
): string[] {
  const { disk } = store.host
  const warnings: string[] = []
  try {
    for (const { path } of ended) removeMarker(disk, path)
  } catch (error) {
    // The change has happened. A run's file that stays names a holder who is none any more.
    warnings.push(`a finished run's file could not be removed: ${messageOf(error)}`)
  }
  if (overwritten)
    warnings.push(
      `the file named ${printable(overwritten, 128)} as the holder of ${display}; wrk had not written that, and replaced it`,
    )
  for (const { path, folder } of strays) {
    unless(MISSING, undefined, () => disk.unlinkSync(path))
    syncFolder(disk, join(store.root, folder))
    warnings.push(`removed ${path}: the committed copy that git had put back`)
  }
  if (published?.showsLater)
    warnings.push(
      `${display} is claimed, but another program is changing the file: its lock lines follow at your next change`,
    )
  return [...warnings, ...warningsOf(display, published?.item)]
}

function warningsOf(display: string, published: Published | null | undefined): string[] {
  const { conflict = null, failure = null } = published ?? {}
  return [
    ...(conflict
      ? [`another program wrote ${display} at the same instant; its version is kept in ${conflict}`]
      : []),
    ...(failure ? [`${display} is changed, but the disk may not have it yet: ${messageOf(failure)}`] : []),
  ]
}

/** How a reader tells of conflict markers. */
const CONFLICT = 'unresolved merge conflict'

export function invalid(
  { place }: Pick<ItemReading, 'place'>,
  { message, line, column }: { message: string; line: number; column: number },
): WrkError {
  const at = line > 0 ? `:${line}:${column}` : ''
  return new WrkError('INVALID_ITEM', `${place.path}${at}: ${printable(message)}`, {
    hint: message.startsWith(CONFLICT)
      ? `Keep one side in an editor, then: wrk resolve ${displayOfFileName(place.name)}`
      : 'Correct the file in an editor; nothing was changed.',
    details: { path: place.path, line, column },
  })
}
