/**
 * Session locks for scripts and for people: what all verbs share. The JSON is flat, as scripts rely on it, with
 * `error_code` and `error` as text; usage errors keep the program's general form, with `error_code` beside it.
 */
import { printable } from '../../core/text.ts'
import { humanDuration } from '../../core/time.ts'
import type { LockView } from '../../operations/locks/lock-state.ts'
import { relative } from '../claims/describe.ts'
import { EXIT } from '../exit-codes.ts'
import { type Outcome, outcomeOfError } from '../outcome.ts'

export interface LockProblem {
  code: 'locked' | 'lost' | 'not_holder' | 'corrupt' | 'command_failed'
  message: string
  hint?: string
  exitCode: number
}

interface Parts {
  view: LockView
  runId: string | null
  more?: Record<string, unknown>
  problem?: LockProblem
  text?: string
  warnings?: readonly string[]
}

/** The form that all commands about locks share. */
export function outcome({ view, runId, more = {}, problem, text, warnings = [] }: Parts): Outcome {
  const { holder } = view
  return {
    exitCode: problem?.exitCode ?? EXIT.done,
    json: {
      ok: !problem,
      error_code: problem?.code ?? null,
      error: problem?.message ?? null,
      hint: problem?.hint ?? null,
      run_id: runId,
      name: view.name,
      lock_path: view.lock_path,
      lock: view.lock,
      ttl_sec: view.ttl_sec,
      liveness: holder?.liveness ?? null,
      reason: holder?.reason ?? null,
      stale: holder?.stale ?? null,
      expires_utc: holder?.expires_utc ?? null,
      ...more,
      warning: warnings.length > 0 ? warnings.join('; ') : null,
    },
    ...(text === undefined ? {} : { text }),
    ...(problem ? { refusal: { message: problem.message, hint: problem.hint } } : {}),
    warnings,
  }
}

/** Who holds a lock, since when, until when, and whether they live. */
export function describeLockHolder({ lock, holder }: LockView, now: Date): string {
  if (!lock || !holder) return 'not held'
  const process = lock.pid
    ? ` (process ${lock.pid}${lock.host ? ` on ${printable(lock.host, 60)}` : ''})`
    : lock.host
      ? ` (on ${printable(lock.host, 60)})`
      : ''
  const session = lock.session_id ? `, session ${printable(lock.session_id, 128)}` : ''
  const purpose = lock.purpose ? `, for ${printable(lock.purpose, 80)}` : ''
  const until = holder.stale
    ? `expired at ${holder.expires_utc}`
    : `until ${holder.expires_utc} unless renewed`
  return [
    `held by ${printable(lock.run_id, 128)}${process}${session}${purpose}`,
    `since ${holder.since_utc} (${relative(holder.since_utc, now)})`,
    `${until}; ${holder.liveness}: ${printable(holder.reason)}`,
  ].join(', ')
}

export function corruptProblem({ name, lock_path, corrupt, ttl_sec }: LockView): LockProblem {
  return {
    code: 'corrupt',
    message: `lock ${name} cannot be read: ${corrupt} (${lock_path})`,
    hint: `It may be held. When it is ${humanDuration(ttl_sec * 1000)} old, set it aside: wrk lock cleanup ${name}`,
    exitCode: EXIT.unworkable,
  }
}

/** An error of the program as the flat form; usage errors and bugs keep the general one (null). */
export function failedLock(
  error: unknown,
  where: { name: string | null; path: string | null },
  more: Record<string, unknown>,
): Outcome | null {
  const general = outcomeOfError(error, false)
  const { code, message, hint } = general.json.error as { code: string; message: string; hint: string | null }
  if (general.exitCode === EXIT.usage || general.exitCode === EXIT.bug) return null
  return {
    ...general,
    json: {
      ok: false,
      error_code: code.toLowerCase(),
      error: message,
      hint,
      run_id: null,
      name: where.name,
      lock_path: where.path,
      lock: null,
      ttl_sec: null,
      ...more,
      warning: null,
    },
  }
}
