/**
 * Holds a session lock around a command.
 *
 * Guarantees: the command starts only when this process holds the lock, and is stopped with all that it started
 * as soon as the lock is seen to be lost; the lock is released when the command ends, however it ends, and also
 * when a signal comes before it starts. The lock names this process, so a kill -9 frees it at the next claim;
 * the command may live on then, for nothing can stop it any more.
 * Does not guarantee: that no other run starts within the seconds between losing the lock and seeing it.
 */

import { messageOf } from '../../core/errno.ts'
import type { Keeper } from '../../core/locks/session-lock.ts'
import { readLockFile } from '../../store/locks/lock-file.ts'
import type { LockPlace } from '../../store/locks/lock-folder.ts'
import {
  type ChildEnd,
  catchSignals,
  codeOfSignal,
  exitCodeOf,
  runChild,
  type Signals,
} from '../../system/processes/child.ts'
import { addOnce, type HoldState, holdWhile, type Lease, newHoldState } from '../runs/hold-while.ts'
import { type ClaimedLock, type LockClaimOptions, lockClaim, type RefusedLock } from './lock-claim.ts'
import { type LockContext, lockPlaceOf } from './lock-place.ts'
import { lockRelease } from './lock-release.ts'
import { isHolder, lockRenew } from './lock-renew.ts'
import { describeLockLoss, type LockLoss } from './lock-state.ts'

export interface LockRunOptions
  extends Pick<LockClaimOptions, 'runId' | 'ttlMs' | 'purpose' | 'waitMs' | 'remote'> {
  /** Program and arguments; no shell. */
  command: readonly string[]
  cwd: string
  /** Where the command's stdout goes. */
  stdout: 'inherit' | 'stderr'
  /** Called when the lock was taken over, before the command starts. */
  onWarning: (warning: string) => void
}

export interface LockRun {
  kind: 'ran'
  claim: ClaimedLock
  released: boolean
  /** How the lock was lost; the command was stopped then, or had just ended. */
  lost: string | null
  /** Null when a signal came before it was started. */
  end: ChildEnd | null
  exitCode: number
  warnings: string[]
}

/** The lock could not be had; `signal` is what ended the waiting for it, if one did. */
export type LockNotHad = RefusedLock & { signal: NodeJS.Signals | null; exitCode: number }

const LONGEST_PAUSE_MS = 60_000
const SHORTEST_PAUSE_MS = 250
/** How often to look whether the lock is still there: a look is only the reading of a small file. */
const LOOK_EVERY_MS = 2_000

/** @throws WrkError USAGE, BUSY, IO */
export async function lockRun(
  context: LockContext,
  name: string,
  options: LockRunOptions,
): Promise<LockRun | LockNotHad> {
  const signals = catchSignals()
  try {
    const claim = await lockClaim(context, name, {
      runId: options.runId,
      ttlMs: options.ttlMs,
      purpose: options.purpose,
      waitMs: options.waitMs,
      remote: options.remote,
      pidOf: 'run',
      giveUp: () => signals.received() !== null,
    })
    if (!('from' in claim)) return { ...claim, signal: signals.received(), exitCode: signalCode(signals) }
    if (claim.from) options.onWarning(takeoverWarning(name, claim.from))
    return await heldRun(context, lockPlaceOf(context, name), claim, options, signals)
  } finally {
    signals.stop()
  }
}

/** The warning that every takeover is. */
export function takeoverWarning(name: string, from: NonNullable<ClaimedLock['from']>): string {
  return `took over lock ${name} from ${from.lock.run_id} (claimed at ${from.since}): ${from.reason}`
}

async function heldRun(
  context: LockContext,
  place: LockPlace,
  claim: ClaimedLock,
  options: LockRunOptions,
  signals: Signals,
): Promise<LockRun> {
  const { runId, keeper } = claim
  const state = newHoldState<LockLoss>()
  const lease = lockLease(context, place, runId, keeper, claim.view.ttl_sec * 1000, state.warnings)
  const result: LockRun = {
    kind: 'ran',
    claim,
    released: false,
    lost: null,
    end: null,
    exitCode: signalCode(signals),
    warnings: claim.warnings,
  }
  try {
    if (signals.received() === null) {
      const env = {
        ...context.env,
        WRK_LOCK_NAME: place.name,
        WRK_LOCK_PATH: place.file,
        WRK_RUN_ID: runId,
      }
      const { command, cwd, stdout } = options
      result.end = await holdWhile(lease, state, signal => runChild(command, { cwd, env, stdout, signal }))
      result.exitCode = exitCodeOf(result.end)
    }
  } finally {
    await giveUp(context, place, state, keeper, result)
  }
  return result
}

function signalCode(signals: Signals): number {
  const signal = signals.received()
  return signal ? codeOfSignal(signal) : 0
}

/** The command has ended, so the lock is of no more use; that it cannot be released is no failure of the command. */
async function giveUp(
  context: LockContext,
  place: LockPlace,
  { loss: seen, isOver, warnings }: HoldState<LockLoss>,
  keeper: Keeper,
  result: LockRun,
): Promise<void> {
  const { runId } = result.claim
  let loss = seen
  try {
    if (!loss && !isOver) {
      const release = await lockRelease(context, place, { runId, keeper })
      result.released = release.kind === 'released'
      result.warnings.push(...release.warnings)
      if (release.kind === 'corrupt')
        result.warnings.push(`lock ${place.name} could not be released: ${release.view.corrupt}`)
      if (release.kind === 'heldByOther' || release.kind === 'notLocked') loss = release.loss
    }
  } catch (error) {
    result.warnings.push(
      `lock ${place.name} could not be released: ${messageOf(error)}; the next claim takes it over`,
    )
  }
  // What the command itself released is given back, not lost.
  if (loss && !loss.own) result.lost = describeLockLoss(place.name, runId, loss)
  result.released ||= loss?.own === true || isOver
  result.warnings.push(...warnings)
}

/** Looks after a held lock: renews it when that is due, and sees when it is gone. */
function lockLease(
  context: LockContext,
  place: LockPlace,
  runId: string,
  keeper: Keeper,
  ttlMs: number,
  warnings: string[],
): Lease<LockLoss> {
  const renewEveryMs = Math.max(SHORTEST_PAUSE_MS, Math.min(LONGEST_PAUSE_MS, ttlMs / 3))
  const isThere = (): boolean => {
    const reading = readLockFile(context.store.host.disk, place)
    return reading?.kind === 'held' && isHolder({ lock: reading.lock, ttlMs: 0 }, { runId, keeper })
  }
  return {
    everyMs: Math.min(LOOK_EVERY_MS, renewEveryMs),
    renewEveryMs,
    look: async isDue => {
      if (!isDue && isThere()) return { kind: 'held', isRenewed: false }
      const renewed = await lockRenew(context, place, { runId, keeper })
      // Unreadable is not free: nobody else can claim it either.
      if (renewed.kind === 'corrupt') addOnce(warnings, `lock ${place.name}: ${renewed.view.corrupt}`)
      for (const warning of renewed.warnings) addOnce(warnings, warning)
      if (renewed.kind !== 'lost') return { kind: 'held', isRenewed: true }
      return renewed.loss.own ? { kind: 'over' } : { kind: 'lost', loss: renewed.loss }
    },
    failed: reason => `lock ${place.name} could not be renewed: ${reason}`,
  }
}
