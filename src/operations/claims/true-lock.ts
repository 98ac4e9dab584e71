/**
 * Who truly holds an item, for a caller who wants to commit something about it.
 *
 * The frontmatter of the queue's own file is the truth. But that file can be written past wrk: edited, restored,
 * deleted. So where it no longer names a living session of which there is evidence that it holds the item (its
 * record of the claim, or the lock in the last commit), the event log is asked; when that session's claim is the
 * last thing that wrk did to the lock, it holds the item still.
 */
import { decideClaim, type HeldLock } from '../../core/claims/claim.ts'
import type { Lock } from '../../core/claims/lock.ts'
import type { TrueLock } from '../../core/commits/verify.ts'
import { type ItemKey, keyOfField } from '../../core/items/ids.ts'
import { isAboutLock, type LogEvent, takesLock } from '../../core/log/event.ts'
import { belongsTo, listedSession, sessionsIn } from '../../core/sessions/session.ts'
import { parseInstant } from '../../core/time.ts'
import { type ItemReading, isBlocked, readItems } from '../../store/items/item-reader.ts'
import { readEvents } from '../../store/log/event-log.ts'
import { placesOf } from '../../store/queue.ts'
import type { Context } from '../context.ts'
import type { CallerView } from '../sessions/caller.ts'
import { type HolderInfo, heldLock, holderInfo, judgeForMany } from './holder.ts'
import { howLost, type Superseded } from './records.ts'

export interface Truth extends TrueLock {
  /** What the queue's files say; empty when none is left. */
  readings: ItemReading[]
  holder: HolderInfo | null
  /** How the caller lost it. */
  loss: Superseded | null
  /** The file does not have the lock of the session that holds it. */
  isTampered: boolean
  /** Why the file does not tell whether anybody holds it; then `free` is not known. Null when it tells. */
  unreadable: string | null
}

export type TruthOf = (key: ItemKey, committed?: Lock | null) => Truth

/** Reads the queue's files of some items once, and answers for each. */
export async function readTruths(
  context: Context,
  { registry, caller }: CallerView,
  keys: ReadonlySet<ItemKey>,
): Promise<TruthOf> {
  const { store } = context
  const places = placesOf(store.host.disk, store.root, ...keys)
  const readings = await readItems(store, places)
  const now = context.clock()
  const judge = judgeForMany(store, registry)
  const sessions = sessionsIn(registry)
  const records = caller ? (listedSession(registry, caller.session)?.claims ?? []) : []
  let events: LogEvent[] | undefined

  const isMine = (holder: string) => caller !== null && belongsTo(holder, caller.session)
  const isKey = (id: string, key: ItemKey) => keyOfField(id, store.settings.idPrefix) === key
  const whose = (held: HeldLock | null): TrueLock['whose'] => {
    if (!held) return 'free'
    if (isMine(held.lock.by)) return 'mine'
    const { ttlMs, takeover } = store.settings
    const decision = decideClaim(held, { holder: '', ttlMs, takeover, force: null }, now)
    return decision.kind === 'held' ? 'other' : 'over'
  }
  /** Whether the log agrees that this session was the last to get the item, or knows nothing of it. */
  const wasLast = (session: string, key: ItemKey) => {
    events ??= readEvents(store.host.disk, store.stateDir)
    const last = events.findLast(event => event.item && isKey(event.item, key) && isAboutLock(event.type))
    return !last || (takesLock(last.type) && last.session !== null && belongsTo(last.session, session))
  }

  return (key, committed = null) => {
    const found = readings.filter(({ place }) => place.key === key)
    const reading = found.find(({ lock }) => lock) ?? found[0]
    const inFile = reading?.lock ?? null
    let held = inFile && heldLock(judge, key, inFile, reading!.modified)
    let isTampered = false
    if (whose(held) !== 'other')
      for (const lock of [
        ...(committed ? [committed] : []),
        ...sessions.flatMap(({ id: by, claims }) =>
          claims
            .filter(({ id }) => isKey(id, key))
            .map(({ claimedAt }) => ({ by, at: parseInstant(claimedAt) })),
        ),
      ]) {
        if (isTampered || isMine(lock.by) || (inFile && belongsTo(inFile.by, lock.by))) continue
        const evidence = heldLock(judge, key, lock, LONG_AGO)
        if (whose(evidence) !== 'other' || !wasLast(lock.by, key)) continue
        held = evidence
        isTampered = true
      }
    const hadIt = records.some(({ id }) => isKey(id, key))
    // Nothing can be said of an item that is gone or cannot be read, as everywhere else.
    const lost = hadIt && reading !== undefined && !isBlocked(reading) && !(inFile && isMine(inFile.by))
    return {
      readings: found,
      lock: held?.lock ?? null,
      whose: whose(held),
      holder: held && holderInfo(held, registry, store.settings.ttlMs, now),
      lost,
      loss: lost ? howLost(context, caller!.session, reading.item.id, inFile?.by ?? null) : null,
      isTampered,
      unreadable: held ? null : whyUnreadable(reading),
    }
  }
}

function whyUnreadable(reading: ItemReading | undefined): string | null {
  const problem = reading?.problems.find(({ code, blocks }) => blocks && code !== 'id-mismatch')
  return problem
    ? `${reading!.place.path}${problem.line > 0 ? `:${problem.line}:${problem.column}` : ''}: ${problem.message}`
    : null
}

const LONG_AGO = new Date(0)
