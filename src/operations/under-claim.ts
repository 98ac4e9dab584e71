/**
 * Runs commands under a claim: claims before, keeps the claim alive and watches over it meanwhile, and gives back
 * afterwards what it took, whatever happened.
 *
 * Guarantees: no command starts without the claim; one run of a session at a time works on an item; when the claim
 * is lost, the command is stopped. A run that is killed leaves a claim that the next one takes over at once.
 * Does not guarantee: that a command whose wrapper was killed stops; its commits are refused (wrk verify).
 */
import { newEvent } from '../core/event.ts'
import { type ItemId, parseId } from '../core/ids.ts'
import { stamp } from '../core/time.ts'
import { messageOf } from '../store/errno.ts'
import { readItem } from '../store/item-reader.ts'
import type { Current } from '../store/item-store.ts'
import { readRuns, removeRun } from '../store/runs.ts'
import {
  type ChildEnd,
  catchSignals,
  codeOfSignal,
  exitCodeOf,
  runChild,
  type Signals,
} from '../system/child.ts'
import { here, processFacts } from '../system/process.ts'
import { type ClaimedItem, claim, type ItemSummary, type RefusedClaim } from './claim.ts'
import type { Context } from './context.ts'
import { heartbeat } from './heartbeat.ts'
import { howLost, type Superseded } from './records.ts'
import { release } from './release.ts'

/** One command to run. */
export interface Step {
  provider: string | null
  argv: readonly string[]
}

/** How one command ended. */
export interface StepResult {
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
  /** Keep the claim afterwards. */
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
  /** Set when the claim was taken over while a command ran, which was then stopped. */
  lost: Superseded | null
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
  const { host, settings } = context.store
  const id = parseId(idText, settings.idPrefix)
  const run = { id: runId(context), process: thisProcess() }
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
    for (const { path, run: one } of readRuns(host.disk, context.store.stateDir, id.key))
      if (one.id === run.id) removeRun(host.disk, path)
  }
}

function runId({ clock, store }: Context): string {
  return `run-${stamp(clock()).replace(/[-:]/g, '')}-${store.host.randomLetters(6)}`
}

function thisProcess() {
  const { pid } = process
  return { pid, started: processFacts(pid)?.started ?? '', ...here() }
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
  const watch = watchOver(context, id, claimed.lock.locked_by, result)
  for (const { provider, argv } of steps) {
    const early = signals.received()
    const end: ChildEnd = early
      ? { kind: 'killed', signal: early, stopped: false }
      : await runChild(argv, {
          cwd: process.cwd(),
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
    if (end.kind === 'notStarted') result.warnings.push(`could not run ${argv[0]}: ${end.message}`)
    const exit_code = exitCodeOf(end)
    result.steps.push({ provider, argv, exit_code, signal: end.kind === 'killed' ? end.signal : null })
    result.exitCode ||= exit_code
    if (result.lost || signals.received() || (exit_code !== 0 && !options.goOn)) return
  }
}

/** Shows life and looks after the claim, as often as the TTL asks for. */
function watchOver(context: Context, id: ItemId, holder: string, result: RunResult) {
  const { ttlMs } = context.store.settings
  const everyMs = Math.min(1_000, Math.max(100, ttlMs / 4))
  const beatMs = Math.min(60_000, Math.max(200, ttlMs / 4))
  let lastBeat = performance.now()
  let complained = false
  const isLost = async (): Promise<boolean> => {
    try {
      if (performance.now() - lastBeat >= beatMs) {
        lastBeat = performance.now()
        await heartbeat(context)
      }
      result.lost = await loss(context, id, holder, result)
    } catch (error) {
      if (!complained) result.warnings.push(`the claim could not be looked after: ${messageOf(error)}`)
      complained = true
    }
    return result.lost !== null
  }
  return { everyMs, isLost }
}

/** Whether somebody else has taken the item. One that the command itself gave up or archived is not lost. */
async function loss(
  context: Context,
  id: ItemId,
  holder: string,
  { claimed, item }: RunResult,
): Promise<Superseded | null> {
  const [reading, ...others] = await readItem(context.store, id)
  if (!reading || others.length > 0 || reading.lock?.by === holder) return null
  item.path = reading.place.path
  const told = howLost(context, claimed.session.id, item.id, reading.lock?.by ?? null)
  const taken = told.at !== null && told.at >= claimed.lock.locked_at
  return reading.lock || taken ? told : null
}

/** Releases what this run claimed, unless it is to be kept, was held before, or is not ours any more. */
async function giveBack(context: Context, id: ItemId, result: RunResult, keep: boolean): Promise<void> {
  if (keep || result.released || result.lost || result.claimed.heldBefore) return
  try {
    const released = await release(context, id.display, { runId: result.run_id })
    result.released = released.released
    result.lost ??= released.superseded
    result.warnings.push(...released.warnings)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    result.warnings.push(`${id.display} could not be released: ${messageOf(error)}`)
  }
}

/** The event of a refused second run, so that the log tells why nothing happened. */
export function refusedRun({ clock, store }: Context, command: string, refused: RefusedClaim) {
  return {
    ...newEvent(stamp(clock()), 'refused'),
    item: refused.item.id,
    session: refused.session.id,
    previous_holder: refused.holder.session_id,
    reason: `${command}: ${refused.holder.reason}`,
    tx: store.host.randomLetters(12),
  }
}
