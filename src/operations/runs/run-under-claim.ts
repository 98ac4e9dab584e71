/**
 * Runs commands under a claim: claims before, keeps the claim alive and watches over it meanwhile, and gives back
 * orWarn what it took, whatever happened.
 *
 * Guarantees: no command starts without the claim; one run of a session at a time works on an item; when the claim
 * is lost, the command is stopped. A run that is killed leaves a claim that the next one takes over at once.
 * Does not guarantee: that a command whose wrapper was killed stops; its commits are refused (wrk verify).
 */

import { messageOf } from '../../core/errno.ts'
import { type ItemId, parseId } from '../../core/items/ids.ts'
import { generatedRunId } from '../../core/locks/session-lock.ts'
import { removeMarker } from '../../store/files/marker.ts'
import { readItem } from '../../store/items/item-reader.ts'
import type { Current } from '../../store/items/item-store.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import { runFile } from '../../store/runs/runs.ts'
import { catchSignals, codeOfSignal, exitCodeOf, runChild, type Signals } from '../../system/child.ts'
import { type ClaimedItem, claim, type ItemSummary, orWarn, type RefusedClaim } from '../claims/claim.ts'
import { howLost, type Superseded } from '../claims/lost-claims.ts'
import { release } from '../claims/release.ts'
import { type Context, ownAnchor } from '../context.ts'
import { register } from '../sessions/caller.ts'

/** One command to run. */
export interface Step {
  provider: string | null
  argv: readonly string[]
}

/** How one command ended. */
interface StepResult {
  provider: string | null
  argv: readonly string[]
  exit_code: number
  signal: string | null
}

export interface RunOptions {
  /** Whether to accept an item that is done but not archived. */
  done: boolean
  /** Where the commands' stdout goes; see runChild. */
  stdout: 'inherit' | 'stderr'
  /** Keep the claim orWarn. */
  keep: boolean
  /** Go on with the next command when one failed. */
  goOn: boolean
  env: Record<string, string>
  /** Asked inside the guard before the claim is granted; throws when it must not be. */
  check?: (current: Current) => void
  /** Called when all commands passed, still under the claim; it may end the claim itself and then gives true. */
  finish?: (context: Context) => Promise<boolean>
}

export interface RunResult {
  kind: 'ran'
  run_id: string
  claimed: ClaimedItem
  item: ItemSummary
  steps: StepResult[]
  /** The first failure's exit code, 0 when all passed. */
  exitCode: number
  /** Whether the item is free now, by this run. */
  released: boolean
  /** Set when the claim was taken over meanwhile. */
  lost: Superseded | null
  /** Whether a command was stopped for that. */
  stopped: boolean
  warnings: string[]
}

/**
 * @param steps made once the item is claimed: its path may depend on the claim
 * @throws WrkError as claim does
 */
export async function runUnderClaim(
  context: Context,
  idText: string,
  steps: (item: ItemSummary) => readonly Step[],
  options: RunOptions,
): Promise<RunResult | RefusedClaim> {
  const { host, settings, stateDir } = context.store
  const id = parseId(idText, settings.idPrefix)
  const run = { id: generatedRunId(context.clock(), host.randomLetters(6)), process: ownAnchor(host) }
  const signals = catchSignals()
  try {
    const claimed = await claim(context, idText, { run, done: options.done, check: options.check })
    if (claimed.kind === 'held') return claimed
    const session: Context = { ...context, session: claimed.session.id }
    const result: RunResult = {
      kind: 'ran',
      run_id: run.id,
      claimed,
      item: claimed.item,
      steps: [],
      exitCode: 0,
      released: false,
      lost: null,
      stopped: false,
      warnings: [...claimed.warnings],
    }
    try {
      await runSteps(session, id, steps(claimed.item), options, result, signals)
      if (result.exitCode === 0 && !result.lost && options.finish) {
        // Who interrupts a review does not want its end.
        const interrupted = signals.received()
        if (interrupted) result.exitCode = codeOfSignal(interrupted)
        else result.released = await options.finish(session)
      }
    } finally {
      await giveBack(session, id, result, options.keep)
    }
    return result
  } finally {
    signals.stop()
    removeMarker(host.disk, runFile(stateDir, id.key, run.id))
  }
}

async function runSteps(
  context: Context,
  id: ItemId,
  steps: readonly Step[],
  options: RunOptions,
  result: RunResult,
  signals: Signals,
): Promise<void> {
  const { claimed, run_id } = result
  const watch = watchOver(context, id, result)
  for (const { provider, argv } of steps) {
    const interrupted = signals.received()
    if (interrupted) {
      // What is left to run is not, and that is no success.
      result.exitCode ||= codeOfSignal(interrupted)
      return
    }
    const end = await runChild(argv, {
      env: {
        ...context.env,
        ...options.env,
        WRK_ID: result.item.id,
        WRK_FILE: result.item.path,
        WRK_QUEUE: context.store.root,
        WRK_SESSION_ID: claimed.session.id,
        WRK_RUN_ID: run_id,
        ...(provider === null ? {} : { WRK_PROVIDER: provider }),
      },
      stdout: options.stdout,
      shouldStop: watch.isLost,
      everyMs: watch.everyMs,
    })
    if (end.kind === 'notStarted') result.warnings.push(`"${argv[0]}" could not be started: ${end.message}`)
    else result.stopped ||= end.stopped
    const exit_code = exitCodeOf(end)
    result.steps.push({ provider, argv, exit_code, signal: end.kind === 'killed' ? end.signal : null })
    result.exitCode ||= exit_code
    if (result.lost || (exit_code !== 0 && !options.goOn)) return
  }
}

/** Shows life and looks after the claim, as often as the TTL asks for. */
function watchOver(context: Context, id: ItemId, result: RunResult) {
  const { ttlMs } = context.store.settings
  // Signs of life are told to the second and may come late: of a TTL of two seconds, half a second is left.
  const everyMs = Math.min(1_000, Math.max(100, ttlMs / 20))
  const beatMs = Math.min(60_000, Math.max(100, ttlMs / 10))
  let lastBeat = performance.now()
  let complained = false
  const isLost = async (): Promise<boolean> => {
    try {
      if (performance.now() - lastBeat >= beatMs) {
        lastBeat = performance.now()
        await register(context, { heartbeat: true })
      }
      result.lost = await loss(context, id, result)
    } catch (error) {
      if (!complained) result.warnings.push(`the claim could not be looked after: ${messageOf(error)}`)
      complained = true
    }
    return result.lost !== null
  }
  return { everyMs, isLost }
}

/** Whether somebody else has taken the item. One that the command itself gave up or archived is not lost. */
async function loss(context: Context, id: ItemId, { claimed, item }: RunResult): Promise<Superseded | null> {
  const [reading, ...others] = await readItem(context.store, id)
  if (!reading || others.length > 0 || reading.lock?.by === claimed.lock.locked_by) return null
  item.path = reading.place.path
  const told = howLost(context, claimed.session.id, item.id, reading.lock?.by ?? null)
  // A taking before this claim is an old story.
  return reading.lock || (told?.at ?? '') >= claimed.lock.locked_at ? told : null
}

/** Releases what this run claimed, unless it is to be kept, was held before, or is not ours any more. */
async function giveBack(context: Context, id: ItemId, result: RunResult, keep: boolean): Promise<void> {
  if (result.released || result.lost) return
  try {
    if (keep || result.claimed.heldBefore) {
      result.lost = await loss(context, id, result)
      return
    }
    const { released, reason, superseded, warnings } = await release(context, id.display, {
      runId: result.run_id,
    })
    result.lost = superseded
    // That the command gave the item up itself is as good.
    result.released = released || (reason === 'not-locked' && !superseded)
    result.warnings.push(...warnings)
    if (reason === 'held-by-other' && !superseded)
      result.warnings.push(`${id.display} was given up meanwhile, and another holds it now`)
    if (reason === 'other-run')
      result.warnings.push(`${id.display} was claimed anew meanwhile, by this session itself; it stays held`)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    result.warnings.push(`${id.display} could not be released: ${messageOf(error)}`)
  }
}

/** Logs a refused run, so that the log tells why nothing happened. */
export async function logRefusedRun(
  { clock, store }: Context,
  command: string,
  { item, session, holder, warnings }: RefusedClaim,
): Promise<void> {
  await orWarn(warnings, () =>
    appendEvents(store.host, store.stateDir, [
      pendingEvent(store.host, clock(), 'refused', {
        item: item.id,
        session: session.id,
        previous_holder: holder.session_id,
        reason: `${command}: ${holder.reason}`,
      }),
    ]),
  )
}
