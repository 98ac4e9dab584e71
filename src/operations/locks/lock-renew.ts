/** Renews a session lock, which only the run that holds it may do. */
import { claimRequest } from '../../core/locks/lock-holder.ts'
import { type Keeper, lockText, type NewLock, renewedLock } from '../../core/locks/session-lock.ts'
import { type LockFileReading, readLockFile } from '../../store/locks/lock-file.ts'
import type { LockPlace } from '../../store/locks/lock-folder.ts'
import type { LockContext } from './lock-place.ts'
import { lockRelease } from './lock-release.ts'
import { keepRemotely } from './lock-remote.ts'
import {
  decideLock,
  heldAfter,
  howLockLost,
  type LockHold,
  type LockLoss,
  type LockView,
  viewOf,
} from './lock-state.ts'

export type RenewedLock = { view: LockView; warnings: string[] } & (
  | { kind: 'renewed' }
  | { kind: 'corrupt' }
  /** Another run holds it, or nobody does. */
  | { kind: 'lost'; loss: LockLoss }
)

/**
 * No event is logged: runs that are renewed every minute would fill the log with nothing new.
 * One that the engine holds as well is renewed there too.
 * @throws WrkError BUSY, IO
 */
export async function lockRenew(
  context: LockContext,
  place: LockPlace,
  renewal: { runId: string; keeper: Keeper; ttlMs?: number | undefined },
): Promise<RenewedLock> {
  const { runId, keeper } = renewal
  const request: NewLock = { runId, keeper, ttlMs: renewal.ttlMs ?? null, purpose: null }
  const refused = (reading: LockFileReading | null, found: LockHold | null, now: Date): RenewedLock =>
    reading?.kind === 'corrupt'
      ? { kind: 'corrupt', view: viewOf(context, place, null, now, reading.why), warnings: [] }
      : {
          kind: 'lost',
          view: viewOf(context, place, found, now),
          loss: howLockLost(context, place, runId, reading),
          warnings: [],
        }

  // Where nothing is held, no guard is needed to say so, and no folder is made for one.
  const seen = readLockFile(context.store.host.disk, place)
  if (seen?.kind !== 'held') return refused(seen, null, context.clock())

  const { result, warnings } = await decideLock<RenewedLock>(context, place, (reading, found, now) => {
    if (!found || !isHolder(found, request)) return { kind: 'leave', result: refused(reading, found, now) }
    const lock = renewedLock(found.lock, request, found.held.fileModified, now)
    const view = viewOf(context, place, heldAfter(context, lock, now), now)
    return {
      kind: 'write',
      text: lockText(lock),
      event: null,
      result: { kind: 'renewed', view, warnings: [] },
    }
  })
  if (result.kind !== 'renewed') return { ...result, warnings }
  const there = await keepRemotely(context, place, runId)
  if (there?.warning) warnings.push(there.warning)
  if (!there?.loss) return { ...result, warnings }
  // What is lost for all clones is not held here any more either.
  const { view } = await lockRelease(context, place, { runId, keeper })
  return { kind: 'lost', view, loss: there.loss, warnings }
}

/** Not by the id alone: of two wrappers that were given the same one, the second may have taken over. */
export function isHolder(
  { lock, ttlMs }: Pick<LockHold, 'lock' | 'ttlMs'>,
  request: Pick<NewLock, 'runId' | 'keeper'>,
): boolean {
  return claimRequest(request, lock, ttlMs, 'ttl').holder === lock.runId
}
