/**
 * Changing one item under its guard: its fields, and who holds it.
 *
 * Guarantees: a change is decided on the file, its record and the sessions as they were inside the guard; it
 * rewrites the named values and nothing else; a file with a problem that blocks is refused and stays as it is.
 */
import { join } from 'node:path'
import { isFailure, MISSING, messageOf, unless } from '../../core/errno.ts'
import type { ItemId } from '../../core/items/ids.ts'
import { printable } from '../../core/text.ts'
import { type FullReader, readFrontmatter } from '../../markdown/frontmatter.ts'
import { readRecord, soundRecord } from '../claims/record-file.ts'
import { type HeldGuard, withGuard } from '../files/guard.ts'
import { type Published, syncFolder } from '../files/guarded-file.ts'
import { removeMarker } from '../files/marker.ts'
import type { PendingEvent } from '../log/event-log.ts'
import { logChanges, type Unlogged } from '../log/outbox.ts'
import { withReaders } from '../readers.ts'
import { type RunFile, writeRun } from '../runs/runs.ts'
import type { Store } from '../store.ts'
import { changeRecord, completeItem } from './change-record.ts'
import { type Current, currentOf } from './current-item.ts'
import { putBackCopy } from './item-reader.ts'
import { openItem } from './open-item.ts'
import type { ItemPlace } from './places/item-places.ts'
import { writeMove } from './places/moves.ts'
import { type ItemDecision, publicationOf } from './publication-of.ts'
import { type ItemPublished, publishItem } from './publish-item.ts'
import { resolveIntents } from './resolve-intents.ts'

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
  const warnings = afterChange(store, changed)
  if (changed.published?.isHalf) warnings.push(...(await completeLater(store, id)))
  warnings.push(...(await logChanges(host, stateDir, changed.published?.toLog ?? attempt.unlogged)))
  return { result: changed.result, warnings }
}

/** A claim that fails must not last: its record is released again; if that fails too, by the holder's release. */
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
  /** A claim with a published record and a file that could not be written. */
  taken?: { epoch: number; session: string | undefined; event: PendingEvent }
}

interface Changed<T> {
  /** The item's id as its file has it, for messages. */
  id: string
  result: T
  published: ItemPublished | null
  ended: readonly RunFile[]
  /** Copies that git put back: to be removed, or reported. */
  strays: readonly ItemPlace[]
  removesStrays: boolean
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
    const nothing = {
      id: current.item.id,
      published: null,
      ended: [],
      strays: file.strays,
      removesStrays: false,
      overwritten: null,
    }
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
        id: current.item.id,
        result: decision.result,
        published,
        ended: decision.ends ?? [],
        strays: file.strays,
        removesStrays: Boolean(change.item),
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

/** What is done when the change has been published. @returns warnings */
function afterChange<T>(
  store: Store,
  { id, published, ended, strays, removesStrays, overwritten }: Changed<T>,
): string[] {
  const { disk } = store.host
  const warnings: string[] = []
  try {
    for (const { path } of ended) removeMarker(disk, path)
  } catch (error) {
    // The change has happened. A run's file that stays names a former holder.
    warnings.push(`a finished run's file could not be removed: ${messageOf(error)}`)
  }
  if (overwritten)
    warnings.push(
      `replaced the lock of ${printable(overwritten, 128)} in the file of ${id}, which wrk had not written`,
    )
  if (strays.length > 0 && !removesStrays) warnings.push(putBackCopy(id, strays))
  for (const { path, folder } of removesStrays ? strays : []) {
    unless(MISSING, undefined, () => disk.unlinkSync(path))
    syncFolder(disk, join(store.root, folder))
    warnings.push(`removed ${path}, a committed copy that git had restored`)
  }
  if (published?.showsLater)
    warnings.push(
      `${id} is claimed, but its file does not show it yet: the lock lines follow at your next change`,
    )
  return [...warnings, ...warningsOf(id, published?.item)]
}

function warningsOf(id: string, published: Published | null | undefined): string[] {
  const { conflict = null, failure = null } = published ?? {}
  return [
    ...(conflict
      ? [`another program wrote ${id} at the same moment; its version is kept in ${conflict}`]
      : []),
    ...(failure ? [`${id} is changed, but the disk may not have it yet: ${messageOf(failure)}`] : []),
  ]
}
