/**
 * Runs commands under a claim, which holdClaim keeps meanwhile and gives back afterwards.
 *
 * Guarantees: no command starts without the claim; one run of a session at a time works on an item; when the claim
 * is lost, the command is stopped. A run that is killed leaves a claim that the next one takes over at once.
 * Does not guarantee: that a command stops when its wrapper is killed; its commits are refused (wrk verify).
 */
import type { Current } from '../../store/items/current-item.ts'
import { appendEvents } from '../../store/log/event-log.ts'
import { pendingEvent } from '../../store/log/pending-event.ts'
import {
  catchSignals,
  codeOfSignal,
  exitCodeOf,
  runChild,
  type Signals,
} from '../../system/processes/child.ts'
import { type ClaimedItem, orWarn, type RefusedClaim } from '../claims/claim.ts'
import type { ItemSummary } from '../claims/item-summary.ts'
import type { Superseded } from '../claims/lost-claims.ts'
import type { Context } from '../context.ts'
import { type HeldClaim, holdClaim } from './hold-claim.ts'

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
  { done, check, keep, finish, ...options }: RunOptions,
): Promise<RunResult | RefusedClaim> {
  const signals = catchSignals()
  try {
    const ran = await holdClaim<Ending>(
      context,
      idText,
      {
        done,
        check,
        keep,
        finish: async (session, _hold, ending) => {
          if (ending.exitCode !== 0 || !finish) return false
          // Who interrupts a review does not want its end.
          const interrupted = signals.received()
          if (interrupted) ending.exitCode = codeOfSignal(interrupted)
          return interrupted ? false : finish(session)
        },
      },
      (session, hold, signal) => runSteps(session, hold, steps(hold.item), options, signals, signal),
    )
    if (ran.kind === 'held') return ran
    const { claimed, item, runId, released, lost, warnings } = ran.hold
    return { kind: 'ran', run_id: runId, claimed, item, ...ran.value, released, lost, warnings }
  } finally {
    signals.stop()
  }
}

/** How the commands ended. */
type Ending = Pick<RunResult, 'steps' | 'exitCode' | 'stopped'>

async function runSteps(
  context: Context,
  hold: HeldClaim,
  steps: readonly Step[],
  options: Pick<RunOptions, 'stdout' | 'goOn' | 'env'>,
  signals: Signals,
  signal: AbortSignal,
): Promise<Ending> {
  const { claimed, item, runId } = hold
  const ending: Ending = { steps: [], exitCode: 0, stopped: false }
  for (const { provider, argv } of steps) {
    if (signal.aborted) break
    const interrupted = signals.received()
    if (interrupted) {
      // What is left to run is not, and that is no success.
      ending.exitCode ||= codeOfSignal(interrupted)
      break
    }
    const end = await runChild(argv, {
      env: {
        ...context.env,
        ...options.env,
        WRK_ID: item.id,
        WRK_FILE: item.path,
        WRK_QUEUE: context.store.root,
        WRK_SESSION_ID: claimed.session.id,
        WRK_RUN_ID: runId,
        ...(provider === null ? {} : { WRK_PROVIDER: provider }),
      },
      stdout: options.stdout,
      signal,
    })
    if (end.kind === 'notStarted') hold.warnings.push(`"${argv[0]}" could not be started: ${end.message}`)
    else ending.stopped ||= end.stopped
    const exit_code = exitCodeOf(end)
    ending.steps.push({ provider, argv, exit_code, signal: end.kind === 'killed' ? end.signal : null })
    ending.exitCode ||= exit_code
    if (exit_code !== 0 && !options.goOn) break
  }
  return ending
}

/** Logs a refused run, so that the log shows why nothing happened. */
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
