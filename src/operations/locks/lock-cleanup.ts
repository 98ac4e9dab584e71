/** Frees the locks whose holders are dead or whose time is up, and puts files aside that cannot be read as locks. */
import { decideClaim } from '../../core/claims/claim.ts'
import { isFailure, messageOf } from '../../core/errno.ts'
import { lastSignOf } from '../../core/locks/lock-holder.ts'
import { checkLockName, type LockData, lockData, releasedText } from '../../core/locks/session-lock.ts'
import { humanDuration, stamp } from '../../core/time.ts'
import { type LockDecision, type LockFileReading, readLockFile } from '../../store/locks/lock-file.ts'
import { type LockPlace, lockNames, lockPlace } from '../../store/locks/lock-folder.ts'
import { sessionJudge } from '../claims/holder.ts'
import { resolveCaller } from '../sessions/caller.ts'
import type { LockContext } from './lock-place.ts'
import { giveUpRemotely } from './lock-remote.ts'
import { decideLock, heldIn, type LockHold, lockEvent } from './lock-state.ts'

interface Reclaimed {
  name: string
  lock_path: string
  reason: string
  /** The lock as it was; null for a file that could not be read. */
  lock: LockData | null
  quarantined_to: string | null
}

export interface Cleanup {
  reclaimed: Reclaimed[]
  warnings: string[]
  /** Locks that should have been freed and could not be. */
  failed: string[]
}

/**
 * @param name one lock; all in the folder when not given
 * @param olderThanMs the age of the last renewal past which any lock goes, living holder or not
 * @throws WrkError IO
 */
export async function lockCleanup(
  context: LockContext,
  { name, olderThanMs }: { name?: string | undefined; olderThanMs?: number | undefined },
): Promise<Cleanup> {
  const { store, locks } = context
  const { disk } = store.host
  const { registry, caller } = await resolveCaller(context)
  const judge = sessionJudge(store, registry)
  const done: Cleanup = { reclaimed: [], warnings: [], failed: [] }
  for (const one of name === undefined ? lockNames(disk, locks) : [checkLockName(name)]) {
    const place = lockPlace(locks, one)
    try {
      // A look without the guard shows which are not worth one.
      const now = context.clock()
      const seen = readLockFile(disk, place)
      if (!whyReclaim(context, seen, heldIn(context, seen, judge, now), olderThanMs, now)) continue
      const { result, quarantined, warnings } = await decideLock<Reclaimed | null>(
        context,
        place,
        (reading, found, when) =>
          decide(context, place, reading, found, when, olderThanMs, caller?.holder ?? null),
      )
      done.warnings.push(...warnings)
      if (!result) continue
      done.reclaimed.push({ ...result, quarantined_to: quarantined })
      if (result.lock) done.warnings.push(...(await giveUpRemotely(context, place, result.lock.run_id)))
    } catch (error) {
      // One that cannot be freed is no reason to leave the others.
      if (!isFailure(error)) throw error
      done.failed.push(`lock ${one} could not be reclaimed: ${messageOf(error)}`)
    }
  }
  return done
}

function decide(
  context: LockContext,
  place: LockPlace,
  reading: LockFileReading | null,
  found: LockHold | null,
  now: Date,
  olderThanMs: number | undefined,
  session: string | null,
): LockDecision<Reclaimed | null> {
  const why = whyReclaim(context, reading, found, olderThanMs, now)
  if (!why) return { kind: 'leave', result: null }
  const runId = found?.lock.runId ?? null
  const result: Reclaimed = {
    name: place.name,
    lock_path: place.file,
    reason: why,
    lock: found && lockData(found.lock),
    quarantined_to: null,
  }
  const about = { session, previous_holder: runId, reason: `cleanup: ${why}` }
  const text = releasedText(runId, 'cleanup', now)
  if (reading?.kind === 'corrupt') {
    const mark = `${stamp(now).replace(/[-:]/g, '')}-${context.store.host.randomLetters(6)}`
    const event = lockEvent(context, place, 'moved', now, about)
    return { kind: 'quarantine', mark, text, event, result }
  }
  const forced = found?.held.liveness.verdict === 'alive'
  return {
    kind: 'write',
    text,
    event: lockEvent(context, place, 'released', now, { ...about, forced }),
    result,
  }
}

/** Null: it stays. */
function whyReclaim(
  { store: { settings } }: LockContext,
  reading: LockFileReading | null,
  found: LockHold | null,
  olderThanMs: number | undefined,
  now: Date,
): string | null {
  if (reading?.kind === 'corrupt') {
    const age = now.getTime() - reading.modified.getTime()
    const limit = olderThanMs ?? settings.ttlMs
    return age >= limit ? `it is not a readable lock (${reading.why}) and is ${humanDuration(age)} old` : null
  }
  if (!found) return null
  const { held, ttlMs } = found
  const request = { holder: '', ttlMs, takeover: settings.takeover, force: null }
  const decision = decideClaim(held, request, now)
  if (decision.kind === 'takenOver') return decision.reason
  const age = now.getTime() - lastSignOf(held, now).getTime()
  if (olderThanMs === undefined || age < olderThanMs) return null
  return `its holder was silent for ${humanDuration(age)}`
}
