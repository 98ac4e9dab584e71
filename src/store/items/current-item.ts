/** An item as it is inside its guard: what a change is decided on. */
import { WrkError } from '../../core/errors.ts'
import { displayOfFileName } from '../../core/items/ids.ts'
import { commandForText } from '../../core/items/kept-by-git.ts'
import type { Registry } from '../../core/sessions/session.ts'
import { printable } from '../../core/text.ts'
import type { Frontmatter, FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import type { YamlMap, YamlNode } from '../../markdown/node.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import type { RecordFile } from '../claims/record-file.ts'
import type { PendingEvent } from '../log/event-log.ts'
import type { Unlogged } from '../log/outbox.ts'
import { type RunFile, readRuns } from '../runs/runs.ts'
import { loadRegistry } from '../sessions/session-registry.ts'
import type { Store } from '../store.ts'
import { markOf } from './file-mark.ts'
import { type ItemReading, interpret, withRecord } from './item-reading.ts'
import type { OpenItem } from './open-item.ts'

/** What a change is decided on: read inside the guard. */
export interface Current extends ItemReading {
  /** Read when it is first asked for, still inside the guard: an item without a lock needs none. */
  registry: () => Registry
  /** The item's runs, as the guard shows them. */
  runs: () => readonly RunFile[]
  /** Events of changes that were made and that may not be logged yet. */
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

/** @throws WrkError INVALID_ITEM for a file with a problem that blocks */
export function currentOf(
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
    isUnshown: reading.takenOut && reading.record?.state === 'held' && reading.record.madeOn === markOf(file),
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

/** The beginning of a reader's message about conflict markers. */
const CONFLICT = 'unresolved merge conflict'

export function invalid(
  { place }: Pick<ItemReading, 'place'>,
  { message, line, column }: { message: string; line: number; column: number },
): WrkError {
  const at = line > 0 ? `:${line}:${column}` : ''
  const command = message.startsWith(CONFLICT)
    ? `Keep one side in an editor, then: wrk resolve ${displayOfFileName(place.name)}`
    : commandForText(message)
  return new WrkError('INVALID_ITEM', `${place.path}${at}: ${printable(message)}`, {
    hint: command ?? 'Correct the file in an editor; nothing was changed.',
    details: { path: place.path, line, column },
  })
}
