import type { Command } from 'commander'
import template from '../../../templates/hook.sh'
import { agentTexts } from '../../operations/agents/agent-texts.ts'
import { type Diagnosis, doctor } from '../../operations/doctor/doctor.ts'
import { thisProgram } from '../../operations/hooks/hook-text.ts'
import { describeDiagnosis } from '../../print/doctor/doctor.ts'
import { EXIT, EXIT_OF } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { screen } from '../../print/terminal.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'Find what is wrong with the queue: left-over locks, items in the wrong folder, broken files, remains of crashes.',
    )
    .option('--fix', 'repair what can be repaired safely, and say what to do about the rest')
  examples(
    command,
    `wrk doctor                what is wrong, and what --fix would do
     wrk doctor --fix          safe to repeat
     wrk doctor --json | jq '.findings[] | select(.severity == "error")'`,
  )
  command.addHelpText(
    'after',
    `
Exit code 0: nothing is wrong, or all of it was repaired; 1: errors or warnings
remain. Notes do not count: git hooks that were never installed (outdated or
edited ones are a warning), dependencies of closed items.
--fix looks again under the guard before each change. Of an item it changes the
lock and the folder; it removes a file only if an identical one is in the folder
that fits its status.`,
  )
  command.action(({ fix = false }: { fix?: boolean }) =>
    run(async globals => {
      const context = await open(globals)
      const diagnosis = await doctor(context, { fix, program: thisProgram(template), texts: agentTexts() })
      const text = globals.json ? '' : describeDiagnosis(diagnosis, screen(context.env))
      return outcomeOf(diagnosis, fix, text)
    }),
  )
}

function outcomeOf({ findings, fixed, remaining, failed }: Diagnosis, fix: boolean, text: string): Outcome {
  const parts = {
    findings,
    fixed: fixed.map(({ finding, done }) => ({ ...finding, done })),
    failed: failed.map(({ finding, error }) => ({ ...finding, error: error.message })),
    remaining,
  }
  const [first] = failed
  if (first && (first.error.code === 'IO' || first.error.code === 'BUSY')) {
    const { code, message, hint } = first.error
    const error = { code, message, hint: hint ?? null }
    return { exitCode: EXIT_OF[code], json: { ok: false, error, ...parts }, text, refusal: { message, hint } }
  }
  if (remaining === 0) return { exitCode: EXIT.done, json: { ok: true, ...parts }, text }
  const message = `${remaining} ${remaining === 1 ? 'finding remains' : 'findings remain'}`
  const canFix = findings.some(finding => finding.fix)
  const hint = canFix && !fix ? 'Repair what can be repaired safely: wrk doctor --fix' : null
  return {
    exitCode: EXIT.failed,
    json: { ok: false, error: { code: 'FAILED', message, hint }, ...parts },
    text,
  }
}
