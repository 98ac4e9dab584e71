/** The outcome of a run under a claim. The command had stdout; wrk's own messages go to stderr. */
import { printable } from '../../core/text.ts'
import type { ArchiveResult } from '../../operations/items/transitions/archive.ts'
import type { RunResult } from '../../operations/runs/run-under-claim.ts'
import { describeHolder, relative } from '../claims/describe.ts'
import { lostClaim } from '../claims/refusal.ts'
import { EXIT } from '../exit-codes.ts'
import type { Outcome } from '../outcome.ts'

export function runOutcome(result: RunResult, now: Date, archived?: ArchiveResult | null): Outcome {
  const { claimed, item, steps, released, lost, run_id } = result
  const from = claimed.from
  const warnings = from
    ? [
        `took over ${item.id} from ${printable(from.locked_by, 128)} (claimed ${relative(from.locked_at, now)}): ${from.reason}`,
        ...result.warnings,
      ]
    : result.warnings
  const json = {
    item: archived?.item ?? item,
    run_id,
    session: claimed.session,
    kind: claimed.kind,
    from,
    steps,
    released,
    ...(archived === undefined ? {} : { archived: archived?.kind === 'archived' }),
    superseded: lost,
  }
  if (lost) {
    const { message, hint } = lostClaim(lost, result.stopped)
    return {
      exitCode: EXIT.held,
      json: { ok: false, ...json, error: { code: 'LOCKED', message, hint } },
      refusal: { message, hint },
      warnings,
    }
  }
  if (archived?.kind === 'refused') {
    const message = `${item.id} passed its review and could not be archived`
    const hint =
      archived.why.kind === 'held' ? `It is ${describeHolder(archived.why.holder, now)}` : undefined
    return {
      exitCode: EXIT.held,
      json: { ok: false, ...json, error: { code: 'LOCKED', message, hint: hint ?? null } },
      refusal: { message, hint },
      warnings,
    }
  }
  const { exitCode } = result
  const failed = steps.find(({ exit_code }) => exit_code !== 0)
  const message = failed
    ? `${printable(failed.argv[0] ?? '', 200)}${failed.provider ? ` (${failed.provider})` : ''} ended with ${failed.signal ?? `exit code ${failed.exit_code}`}`
    : 'interrupted'
  return {
    exitCode,
    json:
      exitCode === 0
        ? { ok: true, ...json, exit_code: 0 }
        : { ok: false, ...json, exit_code: exitCode, error: { code: 'FAILED', message, hint: null } },
    notes: [
      ...(exitCode === 0 ? [] : [message]),
      archived?.kind === 'archived'
        ? `archived ${item.id}  ${archived.item.path}`
        : released
          ? `released ${item.id}`
          : `${item.id} stays claimed`,
    ],
    warnings,
  }
}
