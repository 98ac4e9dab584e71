import type { Command } from 'commander'
import template from '../../../templates/hook.sh'
import {
  type HooksChange,
  type HooksStatus,
  hooksInstall,
  hooksStatus,
  hooksUninstall,
  inTheWay,
  thisProgram,
} from '../../operations/commits/hooks.ts'
import {
  installMergeDriver,
  mergeDriverStatus,
  uninstallMergeDriver,
} from '../../operations/commits/merge-driver-setup.ts'
import { needingMergeDriver, withMergeDriver } from '../../print/commits/merge-driver-setup.ts'
import { EXIT } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { examples, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.description(
    'The git hooks pre-commit and commit-msg, which ask wrk verify at every commit in this repository.',
  )
  examples(
    command,
    `wrk hooks install
     wrk hooks status
     wrk hooks uninstall`,
  )
  const install = command
    .command('install')
    .summary('put the hooks in; hooks that are there are kept and called')
  install.description('Put the hooks in. Hooks that are there are kept and called first. Safe to repeat.')
  examples(install, 'wrk hooks install')
  install.action(() =>
    run(async () =>
      withMergeDriver(
        installed(hooksInstall(process.cwd(), program())),
        installMergeDriver(process.cwd(), program()),
      ),
    ),
  )

  const uninstall = command.command('uninstall').summary('take them out without a trace')
  uninstall.description('Take the hooks out; what was there before is put back. Safe to repeat.')
  examples(uninstall, 'wrk hooks uninstall')
  uninstall.action(() =>
    run(async () =>
      withMergeDriver(
        uninstalled(hooksUninstall(process.cwd(), program())),
        uninstallMergeDriver(process.cwd(), program()),
      ),
    ),
  )

  const status = command.command('status').summary('are they in?')
  status.description('Tell whether the hooks are in. Exit code 0: both, and up to date; else 1.')
  examples(
    status,
    `wrk hooks status
     wrk hooks status --json`,
  )
  status.action(() =>
    run(async () =>
      needingMergeDriver(
        stateOf(hooksStatus(process.cwd(), program())),
        mergeDriverStatus(process.cwd(), program()),
      ),
    ),
  )
}

const program = () => thisProgram(template)

function jsonOf({ folder, hooks, warnings }: HooksStatus) {
  return { hooks_path: folder, hooks, warnings }
}

function describe({ folder, hooks }: HooksStatus): string {
  const words = { none: 'not installed', foreign: 'not installed; another hook is there' }
  const lines = hooks.map(({ name, state, kept }) => {
    const word = state === 'none' || state === 'foreign' ? words[state] : state
    return `  ${name}  ${word}${kept ? `, calls ${kept} first` : ''}\n`
  })
  return `${folder}\n${lines.join('')}`
}

function installed(result: HooksChange): Outcome {
  return {
    exitCode: EXIT.done,
    json: { ok: true, changed: result.changed, ...jsonOf(result) },
    text: result.changed.length === 0 ? `Nothing to do.\n${describe(result)}` : describe(result),
    warnings: result.warnings,
  }
}

function uninstalled(result: HooksChange): Outcome {
  const { changed, left, folder, warnings } = result
  const message = `${left.join(' and ')} in ${folder} was edited after wrk made it; it stays as it is`
  const hint = 'Look at what was added, then remove or mend the file by hand.'
  const json = { changed, left, ...jsonOf(result) }
  if (left.length > 0)
    return {
      exitCode: EXIT.failed,
      json: { ok: false, error: { code: 'FAILED', message, hint }, ...json },
      refusal: { message, hint },
      warnings,
    }
  return {
    exitCode: EXIT.done,
    json: { ok: true, ...json },
    text:
      changed.length === 0
        ? 'Nothing to do: no hook of wrk is here.\n'
        : `Removed ${changed.join(' and ')}.\n`,
    warnings,
  }
}

function stateOf(result: HooksStatus): Outcome {
  const missing = result.hooks.filter(({ state }) => state !== 'installed')
  if (missing.length === 0)
    return { exitCode: EXIT.done, json: { ok: true, ...jsonOf(result) }, text: describe(result) }
  const message = `not in place: ${missing.map(({ name, state }) => `${name} (${state})`).join(', ')}`
  const hint = inTheWay(result.hooks)?.hint ?? 'Put them in with: wrk hooks install'
  return {
    exitCode: EXIT.failed,
    json: { ok: false, error: { code: 'FAILED', message, hint }, ...jsonOf(result) },
    refusal: { message, hint },
    warnings: result.warnings,
  }
}
