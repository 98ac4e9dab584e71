import type { Command } from 'commander'
import template from '../../../templates/hook.sh'
import { thisProgram } from '../../operations/hooks/hook-text.ts'
import { hooksInstall, inTheWay } from '../../operations/hooks/hooks-install.ts'
import {
  folderForHooks,
  type HooksChange,
  type HooksStatus,
  hooksStatus,
  isReached,
} from '../../operations/hooks/hooks-status.ts'
import { hooksUninstall } from '../../operations/hooks/hooks-uninstall.ts'
import {
  installMergeDriver,
  mergeDriverStatus,
  uninstallMergeDriver,
} from '../../operations/merges/merge-driver-setup.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { needingMergeDriver, withMergeDriver } from '../../print/merges/merge-driver-setup.ts'
import type { Outcome } from '../../print/outcome.ts'
import { examples, type Globals, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.description(
    'The git hooks pre-commit and commit-msg, which ask wrk verify at every commit in this repository; in a coordinated queue also pre-push.',
  )
  examples(
    command,
    `wrk hooks install
     wrk hooks status
     wrk hooks uninstall`,
  )
  const install = command
    .command('install')
    .summary('install the hooks; existing hooks are kept and called first')
  install.description('Install the hooks. Existing hooks are kept and called first. Safe to repeat.')
  examples(install, 'wrk hooks install')
  install.action(() =>
    run(async globals =>
      withMergeDriver(
        installed(hooksInstall(folder(globals), program())),
        installMergeDriver(folder(globals), program()),
      ),
    ),
  )

  const uninstall = command.command('uninstall').summary('remove the hooks and restore what was there')
  uninstall.description('Remove the hooks and restore what was there before. Safe to repeat.')
  examples(uninstall, 'wrk hooks uninstall')
  uninstall.action(() =>
    run(async globals => {
      // First, so that a folder that was made for the hooks is empty when they go.
      const driver = uninstallMergeDriver(folder(globals), program())
      return withMergeDriver(uninstalled(hooksUninstall(folder(globals), program())), driver)
    }),
  )

  const status = command.command('status').summary('show whether the hooks are installed')
  status.description('Show whether the hooks are installed. Exit code 0: both are, and up to date; else 1.')
  examples(
    status,
    `wrk hooks status
     wrk hooks status --json`,
  )
  status.action(() =>
    run(async globals =>
      needingMergeDriver(
        stateOf(hooksStatus(folder(globals), program())),
        mergeDriverStatus(folder(globals), program()),
      ),
    ),
  )
}

const program = () => thisProgram(template)
const folder = ({ queue }: Globals) => folderForHooks(queue, process.env, process.cwd())

function jsonOf({ folder, hooks, gone, warnings }: HooksStatus) {
  return { hooks_path: folder, hooks, gone, warnings }
}

const WORDS: Record<HooksStatus['hooks'][number]['state'], string> = {
  none: 'not installed',
  foreign: 'not installed; there is another hook',
  overwritten: 'missing; a hook manager overwrote it',
  installed: 'installed',
  outdated: 'outdated',
  edited: 'edited',
}

function describe({ folder, hooks }: HooksStatus): string {
  const lines = hooks.map(({ name, state, kept, via }) => {
    const word = via === null ? WORDS[state] : `not installed; git reaches wrk through ${via}`
    if (state === 'overwritten') return `  ${name}  ${word}\n`
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
  const message = `${left.join(' and ')} in ${folder} was edited by hand and is not changed`
  const hint = 'See what was added to it, then edit or remove the file.'
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
        ? 'Nothing to do: wrk has no hooks here.\n'
        : `Removed ${changed.join(' and ')}.\n`,
    warnings,
  }
}

function stateOf(result: HooksStatus): Outcome {
  const missing = result.hooks.filter(hook => hook.state !== 'installed' && !(isReached(hook) && hook.via))
  if (missing.length === 0)
    return { exitCode: EXIT.done, json: { ok: true, ...jsonOf(result) }, text: describe(result) }
  const message = `${result.gone ? 'no longer' : 'not'} in place: ${missing.map(({ name, state }) => `${name} (${state})`).join(', ')}`
  const hint = inTheWay(result.hooks)?.hint ?? 'Install them: wrk hooks install'
  return {
    exitCode: EXIT.failed,
    json: { ok: false, error: { code: 'FAILED', message, hint }, ...jsonOf(result) },
    refusal: { message, hint },
    warnings: result.warnings,
  }
}
