/** Gives a session lock up: compare-and-swap on the run id. */
import { decideRelease } from '../../core/claims/claim.ts'
import { claimRequest } from '../../core/locks/lock-holder.ts'
import { isRunId, type Keeper, releasedText } from '../../core/locks/session-lock.ts'
import { maskSecrets } from '../../core/receipts/secrets.ts'
import { type LockFileReading, readLockFile } from '../../store/locks/lock-file.ts'
import type { LockPlace } from '../../store/locks/lock-folder.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import { orWarn } from '../claims/claim.ts'
import type { LockContext } from './lock-place.ts'
import { giveUpRemotely } from './lock-remote.ts'
import {
  decideLock,
  howLockLost,
  type LockHold,
  type LockLoss,
  type LockView,
  lockEvent,
  viewOf,
} from './lock-state.ts'

export type ReleasedLock = { view: LockView; warnings: string[] } & (
  | { kind: 'released' }
  | { kind: 'corrupt' }
  /** Nobody holds it. `loss` shows whether the run had it once. */
  | { kind: 'notLocked'; loss: LockLoss }
  | { kind: 'heldByOther'; loss: LockLoss }
)

/**
 * @param keeper the process around a command, which releases only what it holds itself; else the run id alone
 *   decides
 * @throws WrkError BUSY, IO
 */
export async function lockRelease(
  context: LockContext,
  place: LockPlace,
  { runId, keeper }: { runId: string; keeper?: Keeper },
): Promise<ReleasedLock> {
  const { host } = context.store
  const by = keeper ?? { sessionId: null, host: '', anchor: null, pidOf: 'session' }
  const refused = (reading: LockFileReading | null, found: LockHold | null, now: Date): ReleasedLock =>
    reading?.kind === 'corrupt'
      ? { kind: 'corrupt', view: viewOf(context, place, null, now, reading.why), warnings: [] }
      : {
          kind: found ? 'heldByOther' : 'notLocked',
          view: viewOf(context, place, found, now),
          loss: howLockLost(context, place, runId, reading),
          warnings: [],
        }

  // Where nothing is held, no guard is needed to say so, and no folder is made for one.
  const seen = readLockFile(host.disk, place)
  if (seen?.kind !== 'held') return refused(seen, null, context.clock())

  const { result, warnings } = await decideLock<ReleasedLock>(context, place, (reading, found, now) => {
    const holder = found ? claimRequest({ runId, keeper: by }, found.lock, 0, 'ttl').holder : runId
    const decision = decideRelease(found?.held.lock ?? null, null, { holder, runId: null, force: null })
    if (decision.kind !== 'released') return { kind: 'leave', result: refused(reading, found, now) }
    return {
      kind: 'write',
      text: releasedText(runId, 'holder', now),
      event: lockEvent(context, place, 'released', now, { session: runId, previous_holder: runId }),
      result: { kind: 'released', view: viewOf(context, place, null, now), warnings: [] },
    }
  })
  result.warnings.push(...warnings)
  if (result.kind === 'released') result.warnings.push(...(await giveUpRemotely(context, place, runId)))
  if (result.kind === 'heldByOther')
    await orWarn(result.warnings, () =>
      appendEvents(host, place.stateDir, [
        lockEvent(context, place, 'refused', context.clock(), {
          // Whatever was given as a run id may be anything, also what nobody should read in a log.
          session: isRunId(runId) && maskSecrets(runId) === runId ? runId : null,
          previous_holder: result.view.lock?.run_id ?? null,
          reason: 'release: held by another run',
        }),
      ]),
    )
  return result
}
