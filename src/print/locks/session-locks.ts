/** What the commands about session locks say, verb by verb. */
import { printable } from '../../core/text.ts'
import type { ClaimedLock, RefusedLock } from '../../operations/locks/lock-claim.ts'
import type { Cleanup } from '../../operations/locks/lock-cleanup.ts'
import type { ReleasedLock } from '../../operations/locks/lock-release.ts'
import type { RenewedLock } from '../../operations/locks/lock-renew.ts'
import { type LockNotHad, type LockRun, takeoverWarning } from '../../operations/locks/lock-run.ts'
import { describeLockLoss, type LockLoss, type LockView } from '../../operations/locks/lock-state.ts'
import { EXIT } from '../exit-codes.ts'
import type { Outcome } from '../outcome.ts'
import { corruptProblem, describeLockHolder, type LockProblem, outcome } from './lock-outcome.ts'

export function shownLock(view: LockView, now: Date): Outcome {
  const runId = view.lock?.run_id ?? null
  if (view.corrupt !== null) return outcome({ view, runId, problem: corruptProblem(view) })
  const text = view.lock
    ? `${view.name} is ${describeLockHolder(view, now)}\n`
    : `${view.name} is not locked (${printable(view.lock_path, 500)})\n`
  return outcome({ view, runId, text })
}

const UNWATCHED =
  'the caller has no process that wrk can watch, so only the TTL frees the lock; renew it with wrk lock renew'

export function claimedLock(result: ClaimedLock | RefusedLock, now: Date): Outcome {
  const { view, runId, warnings } = result
  if (!('from' in result)) return refusedLock(result, now, { acquired: false })
  const { name, holder } = view
  const verb = { granted: 'Claimed', renewed: 'Renewed', takenOver: 'Took over' }[result.kind]
  const about = [
    ...(result.from ? [takeoverWarning(name, result.from)] : []),
    ...(view.lock?.pid == null ? [UNWATCHED] : []),
    ...warnings,
  ]
  return outcome({
    view,
    runId,
    more: { acquired: true, kind: result.kind, from: result.from },
    text: `${verb} ${name} for run ${runId}\nYours until ${holder?.expires_utc} unless renewed. Release it: wrk lock release ${name} --run-id ${runId}\n`,
    warnings: about,
  })
}

function refusedLock(
  { kind, view, runId, warnings }: RefusedLock,
  now: Date,
  more: Record<string, unknown>,
): Outcome {
  const problem: LockProblem =
    kind === 'corrupt'
      ? corruptProblem(view)
      : {
          code: 'locked',
          message: `lock ${view.name} is ${describeLockHolder(view, now)}`,
          // Never the command that would break a living holder's lock.
          hint: `Wait for it: wrk lock run ${view.name} --wait 5m -- COMMAND`,
          exitCode: EXIT.held,
        }
  return outcome({ view, runId, more, problem, warnings })
}

/** That a run does not hold a lock: how it lost it, as far as that is known, and who has it now. */
function notOurs(view: LockView, runId: string, loss: LockLoss, now: Date): string {
  if (!view.lock) return describeLockLoss(view.name, runId, loss)
  const holder = describeLockHolder(view, now)
  return loss.at === null
    ? `lock ${view.name} is not held by ${printable(runId, 128)}; it is ${holder}`
    : `${describeLockLoss(view.name, runId, loss)}; it is ${holder}`
}

export function renewalOutcome(result: RenewedLock, runId: string, now: Date): Outcome {
  const { kind, view, warnings } = result
  const more = { renewed: kind === 'renewed' }
  if (kind === 'corrupt') return outcome({ view, runId, more, problem: corruptProblem(view), warnings })
  if (kind === 'renewed')
    return outcome({
      view,
      runId,
      more,
      text: `Renewed ${view.name} until ${view.holder?.expires_utc}\n`,
      warnings,
    })
  return outcome({
    view,
    runId,
    more: { ...more, lost: result.loss },
    problem: {
      code: 'lost',
      message: notOurs(view, runId, result.loss, now),
      hint: 'Stop the work under it; another run may be at work.',
      exitCode: EXIT.held,
    },
    warnings,
  })
}

export function releasedLock(result: ReleasedLock, runId: string, now: Date): Outcome {
  const { kind, view } = result
  const more = { released: kind === 'released' }
  const given = runId === '' ? null : runId
  const warnings = [...result.warnings]
  if (kind === 'corrupt')
    return outcome({ view, runId: given, more, problem: corruptProblem(view), warnings })
  if (kind === 'released')
    return outcome({ view, runId: given, more, text: `Released ${view.name}\n`, warnings })
  const { loss } = result
  if (kind === 'notLocked') {
    if (loss.at && !loss.own) warnings.push(describeLockLoss(view.name, runId, loss))
    return outcome({
      view,
      runId: given,
      more,
      text: `Nothing to release: ${view.name} is not locked.\n`,
      warnings,
    })
  }
  const message = given
    ? notOurs(view, given, loss, now)
    : `releasing lock ${view.name} needs its run id; it is ${describeLockHolder(view, now)}`
  return outcome({
    view,
    runId: given,
    more: { ...more, lost: loss.at === null ? null : loss },
    problem: {
      code: loss.at === null ? 'not_holder' : 'lost',
      message,
      hint: 'Nothing was changed. Only the run that claimed it can release it.',
      exitCode: EXIT.held,
    },
    warnings,
  })
}

export function cleanedLocks(
  { reclaimed, warnings, failed }: Cleanup,
  where: { name: string | null; path: string; ttlSec: number | null },
): Outcome {
  const text =
    reclaimed.length === 0
      ? 'Nothing to clean up.\n'
      : reclaimed
          .map(({ name, lock, reason, quarantined_to }) =>
            quarantined_to
              ? `Set ${name} aside: ${printable(reason)}\n  ${printable(quarantined_to, 500)}\n`
              : `Freed ${name}, held by ${printable(lock?.run_id ?? 'nobody', 128)}: ${printable(reason)}\n`,
          )
          .join('')
  const message = failed.join('; ')
  return {
    exitCode: failed.length > 0 ? EXIT.io : EXIT.done,
    json: {
      ok: failed.length === 0,
      error_code: failed.length > 0 ? 'io' : null,
      error: failed.length > 0 ? message : null,
      run_id: null,
      name: where.name,
      lock_path: where.path,
      lock: null,
      ttl_sec: where.ttlSec,
      reclaimed,
      warning: warnings.length > 0 ? warnings.join('; ') : null,
    },
    text,
    warnings,
    ...(failed.length > 0 ? { refusal: { message } } : {}),
  }
}

/** @param command what was to be run */
export function ranUnderLock(result: LockRun | LockNotHad, command: readonly string[], now: Date): Outcome {
  if (result.kind !== 'ran') {
    const { signal, exitCode } = result
    const more = { acquired: false, released: false, exit_code: null, signal }
    const refused = refusedLock(result, now, more)
    if (!signal) return refused
    const message = `${signal} came while waiting: ${refused.json.error}`
    return { ...refused, exitCode, json: { ...refused.json, error: message }, refusal: { message } }
  }
  const { claim, end, released, lost, warnings } = result
  const { view, runId } = claim
  const problem = runProblem(result, command)
  // It is held no more by now, one way or the other.
  const done = outcome({
    view: { ...view, lock: null, holder: null },
    runId,
    more: {
      acquired: true,
      kind: claim.kind,
      from: claim.from,
      released,
      exit_code: end?.kind === 'exited' ? end.code : null,
      signal: end?.kind === 'killed' ? end.signal : null,
    },
    ...(problem ? { problem } : {}),
    warnings,
  })
  // What the command itself said of its failure is enough for people.
  if (problem?.code === 'command_failed' && end?.kind !== 'notStarted' && !lost) delete done.refusal
  return done
}

function runProblem({ end, lost, exitCode }: LockRun, command: readonly string[]): LockProblem | undefined {
  if (lost)
    return {
      code: 'lost',
      message: `${lost}; the command was ${end && end.kind !== 'notStarted' && end.stopped ? 'stopped' : 'ending by itself'}`,
      hint: 'Check what it left unfinished before starting it again.',
      exitCode: EXIT.held,
    }
  if (end?.kind === 'notStarted')
    return {
      code: 'command_failed',
      message: `"${printable(command[0] ?? '', 200)}" could not be started: ${printable(end.message)}`,
      hint: 'Check its name and the PATH; shell syntax needs a shell: -- sh -c "…"',
      exitCode,
    }
  if (exitCode === 0) return undefined
  const how = end?.kind === 'killed' ? `was ended by ${end.signal}` : `ended with exit code ${exitCode}`
  const message = end ? `the command ${how}` : 'a signal came before the command was started'
  return { code: 'command_failed', message, exitCode }
}
