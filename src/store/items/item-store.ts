/**
 * Changing the fields of one item under its guard.
 *
 * Guarantees: a change is decided on the file and the session registry as they were inside the guard; it
 * rewrites the named values and nothing else; a file with a problem that blocks is refused and stays as it is.
 */
import { join } from 'node:path'
import { codeOf, MISSING, messageOf, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import type { ItemId } from '../../core/items/ids.ts'
import type { Run } from '../../core/runs/run.ts'
import type { Registry } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import { readFrontmatter } from '../../markdown/frontmatter.ts'
import type { YamlMap, YamlNode } from '../../markdown/node.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { type FieldValue, spliceChecked } from '../../markdown/splice.ts'
import { withGuard } from '../files/guard.ts'
import { type OpenFile, publish, readOpen } from '../files/guarded-file.ts'
import { removeMarker } from '../files/marker.ts'
import {
  logChanges,
  type PendingEvent,
  publishLogged,
  type Unlogged,
  unloggedChanges,
} from '../log/event-log.ts'
import type { ItemPlace } from '../queue.ts'
import { NeedsFullReader, withReaders } from '../readers.ts'
import { type RunFile, readRuns, writeRun } from '../runs/runs.ts'
import { loadRegistry } from '../sessions/session-registry.ts'
import { findItem, type ItemReading, interpret, notFound, type Store } from './item-reader.ts'
import { type Move, writeMove } from './moves.ts'

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
}

export type ItemDecision<T> =
  | {
      kind: 'change'
      fields: Record<string, FieldValue>
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
 * Changes fields of one item under its guard.
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
  const { disk } = host
  let unlogged: Unlogged[] = []
  const changed = await withReaders(full =>
    withGuard(host, stateDir, id.key, guard => {
      // Found twice, it may have been moved while it was looked for; inside the guard nobody moves it.
      const asFound = places.length === 1 ? openFound(store, id, places) : null
      const file = asFound ?? openFound(store, id, findItem(store, id))
      if (!file) throw notFound(store, id)
      try {
        const found = readFrontmatter(file.bytes, full)
        const reading = interpret(store, file.place, found)
        const problem = reading.problems.find(({ blocks }) => blocks)
        if (problem || found.kind !== 'ok')
          throw invalid(reading, problem ?? { message: 'cannot be read', line: 0, column: 0 })
        unlogged = unloggedChanges(disk, stateDir, id.key, guard, file)
        let registry: Registry | undefined
        let runs: readonly RunFile[] | undefined
        const current: Current = {
          ...reading,
          modified: file.modified,
          registry: () => {
            registry ??= loadRegistry(disk, store.registry, full)
            return registry
          },
          runs: () => {
            runs ??= readRuns(disk, stateDir, id.key)
            return runs
          },
          unlogged: unlogged.flatMap(({ events }) => events),
          text: key => scalarText(findPair(found.map, key)?.value),
          kindOf: key => findPair(found.map, key)?.value.kind ?? null,
          fields: found.map,
        }
        const decision = decide(current)
        if (decision.kind === 'leave')
          return { result: decision.result, published: null, toLog: unlogged, ended: [] }

        const spliced = spliceChecked(file.bytes, found, decision.fields, full)
        if (spliced.kind === 'needsFull') throw new NeedsFullReader()
        if (spliced.kind === 'error') throw invalid(reading, spliced.error)
        const { path } = file
        const conflicts = join(stateDir, 'conflicts')
        const act = () => {
          const run = decision.run ? writeRun(disk, stateDir, id.key, decision.run) : null
          try {
            if (decision.move) writeMove(disk, stateDir, id.key, decision.move)
            return publish(disk, guard, { bytes: spliced.bytes, from: file, path, durable: true, conflicts })
          } catch (error) {
            if (run) removeMarker(disk, run)
            throw error
          }
        }
        const done = publishLogged(disk, stateDir, id.key, guard, unlogged, decision.event, act)
        return { result: decision.result, ...done, ended: decision.ends ?? [] }
      } finally {
        disk.closeSync(file.fd)
      }
    }),
  ).catch(async error => {
    // A change that a crash kept from the log is logged by whoever meets it, also by one who is refused.
    await logChanges(host, stateDir, unlogged)
    throw error
  })
  const warnings: string[] = []
  try {
    for (const { path } of changed.ended) removeMarker(disk, path)
  } catch (error) {
    // The change has happened. A run's file that stays tells of a holder who is none any more.
    warnings.push(`what is left of a run could not be removed: ${messageOf(error)}`)
  }
  const { conflict, failure } = changed.published ?? {}
  if (conflict)
    warnings.push(
      `${id.display} was written to by another program at the same instant; its version is kept in ${conflict}`,
    )
  if (failure)
    warnings.push(`${id.display} is changed, but the disk may not have it yet: ${messageOf(failure)}`)
  warnings.push(...(await logChanges(host, stateDir, changed.toLog)))
  return { result: changed.result, warnings }
}

/** Null when the item is no longer where it was found. */
function openFound(
  store: Store,
  id: ItemId,
  places: readonly ItemPlace[],
): (OpenFile & { place: ItemPlace }) | null {
  if (places.length > 1) throw ambiguous(id, places)
  const [place] = places
  const file = place && unless(MISSING, null, () => openRefusingLinks(store, place))
  return place && file ? Object.assign(file, { place }) : null
}

function openRefusingLinks(store: Store, place: ItemPlace): OpenFile {
  try {
    return readOpen(store.host.disk, place.path)
  } catch (error) {
    if (codeOf(error) !== 'ELOOP' && codeOf(error) !== 'EMLINK') throw error
    throw new WrkError('INVALID_ITEM', `${place.path} is a symbolic link`, {
      hint: 'wrk does not follow links; put the file itself into the queue.',
      cause: error,
    })
  }
}

function ambiguous(id: ItemId, places: readonly ItemPlace[]): WrkError {
  const paths = places.map(({ path }) => path)
  return new WrkError('AMBIGUOUS', `${id.display} stands in ${places.length} places: ${paths.join(', ')}`, {
    hint: 'Keep one: compare them, then remove the others (git rm) or give them ids of their own.',
    details: { paths },
  })
}

function invalid(
  { place }: ItemReading,
  { message, line, column }: { message: string; line: number; column: number },
): WrkError {
  const at = line > 0 ? `:${line}:${column}` : ''
  return new WrkError('INVALID_ITEM', `${place.path}${at}: ${printable(message)}`, {
    hint: 'Mend the file in an editor; nothing was changed.',
    details: { path: place.path, line, column },
  })
}
