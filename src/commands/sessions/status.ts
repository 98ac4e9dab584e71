import type { Command } from 'commander'
import { coordinationJson, viewElsewhere } from '../../operations/claims/remote-claim.ts'
import { status } from '../../operations/sessions/status.ts'
import { asLastSeen } from '../../print/claims/describe.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { describeStatus } from '../../print/sessions/sessions.ts'
import { screen } from '../../print/terminal.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.option('--remote', 'in a coordinated queue: ask the engine who holds what in other clones')
  examples(
    command,
    `wrk status
     wrk status --json
     wrk status --remote`,
  )
  command.action(({ remote }: { remote?: boolean }) =>
    run(async globals => {
      const context = await open(globals)
      const view = await viewElsewhere(context, remote)
      const { warnings, ...found } = await status(context, view)
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...found, ...coordinationJson(view) },
        text: globals.json
          ? ''
          : describeStatus(found, screen(context.env), context.clock()) +
            asLastSeen(view, 'wrk status --remote'),
        warnings: [...warnings, ...(view?.warnings ?? [])],
      }
    }),
  )
}
