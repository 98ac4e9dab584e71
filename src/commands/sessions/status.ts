import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { coordinationJson, viewElsewhere } from '../../operations/claims/remote-claim.ts'
import { status } from '../../operations/sessions/status.ts'
import { asLastSeen } from '../../print/claims/describe.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { describeStatus } from '../../print/sessions/sessions.ts'
import { screen } from '../../print/terminal.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.option('--remote', 'in a coordinated queue: ask the engine who holds what in other clones')
  command.option('--format <template>', 'one line for a prompt or a status line, such as "{mine} {ready}"')
  examples(
    command,
    `wrk status
     wrk status --json
     wrk status --remote
     wrk status --format "[{mine} ]{ready} ready[, {orphaned} orphaned]"`,
  )
  command.addHelpText(
    'after',
    `\nNames in a template: {mine} {session} {ready} {held} {orphaned} {stale} {sessions}\n{refusals}. A part in [brackets] is left out when all names in it are empty or 0.\n--format is no heartbeat. For tmux and the prompts of shells: docs/status-line.md`,
  )
  command.action(({ remote, format }: { remote?: boolean; format?: string }) =>
    run(async globals => {
      if (format !== undefined) {
        if (remote) throw new WrkError('USAGE', '--format and --remote exclude each other')
        const { statusLine } = await import('../../print/sessions/status-line.ts')
        return statusLine(format, () => open(globals))
      }
      const context = await open(globals)
      const view = await viewElsewhere(context, remote)
      const { warnings, ...found } = await status(context, view)
      const labels = globals.json
        ? undefined
        : (await import('../../operations/sessions/session-labels.ts')).sessionLabels(context, found.sessions)
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...found, ...coordinationJson(view) },
        text: globals.json
          ? ''
          : describeStatus(found, screen(context.env), context.clock(), labels) +
            asLastSeen(view, 'wrk status --remote'),
        warnings: [...warnings, ...(view?.warnings ?? [])],
      }
    }),
  )
}
