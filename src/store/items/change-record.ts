/**
 * Changes only the record of an item with an unreadable or missing file: nobody who releases an item may be kept from
 * it by conflict markers, and never makes a file that was removed.
 */
import { type Hold, type ItemRecord, nextRecord } from '../../core/claims/record.ts'
import { WrkError } from '../../core/errors.ts'
import type { ItemId } from '../../core/items/ids.ts'
import { readRecord, soundRecord } from '../claims/record-file.ts'
import { withGuard } from '../files/guard.ts'
import type { PendingEvent } from '../log/event-log.ts'
import { intentsOf, logChanges, type Unlogged } from '../log/outbox.ts'
import { withReaders } from '../readers.ts'
import type { Store } from '../store.ts'
import { type OpenItem, openItem } from './open-item.ts'
import { publishItem } from './publish-item.ts'
import { resolveIntents } from './resolve-intents.ts'

export type RecordDecision<T> =
  | { kind: 'change'; hold: Hold; session?: string | undefined; event: PendingEvent; result: T }
  | { kind: 'leave'; result: T }

/**
 * @param decide called inside the guard; synchronous, keeps no state; null for an item without a record
 * @throws WrkError INVALID_ITEM (a record that cannot be read), BUSY; system errors pass
 */
export async function changeRecord<T>(
  store: Store,
  id: ItemId,
  decide: (record: ItemRecord | null) => RecordDecision<T>,
): Promise<{ result: T; warnings: string[] }> {
  const { host, stateDir } = store
  const { disk } = host
  const tx = host.randomLetters(12)
  const { result, toLog } = await withReaders(() =>
    withGuard(
      host,
      stateDir,
      id.key,
      guard => {
        const file = readRecord(disk, stateDir, id.key)
        const record = soundRecord(id.display, file)
        const unlogged = withItem(store, id, record, item =>
          resolveIntents(disk, stateDir, id.key, guard, file, item),
        )
        const decision = decide(record)
        if (decision.kind === 'leave') return { result: decision.result, toLog: unlogged }
        const { hold, session, event } = decision
        const published = publishItem(disk, stateDir, guard, unlogged, {
          key: id.key,
          record: file,
          next: nextRecord(record?.id ?? id.display, record, hold),
          item: null,
          order: 'record-first',
          needsItem: false,
          event: { ...event, tx },
          gives: hold.kind === 'give' ? session : undefined,
        })
        return { result: decision.result, toLog: published.toLog }
      },
      2,
    ),
  )
  return { result, warnings: await logChanges(host, stateDir, toLog) }
}

/**
 * Completes a change of an item that was cut short between its two renames, and logs what was not logged.
 * @returns warnings
 * @throws WrkError BUSY; system errors pass
 */
export async function completeItem(store: Store, id: ItemId): Promise<string[]> {
  const { host, stateDir } = store
  const { disk } = host
  const unlogged = await withReaders(() =>
    withGuard(
      host,
      stateDir,
      id.key,
      (guard): Unlogged[] => {
        const file = readRecord(disk, stateDir, id.key)
        const record = file.reading.kind === 'record' ? file.reading.record : null
        return withItem(store, id, record, item => resolveIntents(disk, stateDir, id.key, guard, file, item))
      },
      2,
    ),
  )
  return logChanges(host, stateDir, unlogged)
}

/** The same, of an item that has a note of such a change. @returns whether it has */
export async function completeLeft(store: Store, id: ItemId): Promise<boolean> {
  if (intentsOf(store.host.disk, store.stateDir, id.key).length === 0) return false
  await completeItem(store, id)
  return true
}

/** The item's file as it is, for those who only ask which one it is; null when it cannot be opened. */
function withItem<T>(
  store: Store,
  id: ItemId,
  record: ItemRecord | null,
  use: (item: OpenItem | null) => T,
): T {
  let item: OpenItem | null = null
  try {
    item = openItem(store, id, [], record)
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
  }
  try {
    return use(item)
  } finally {
    if (item) store.host.disk.closeSync(item.fd)
  }
}
