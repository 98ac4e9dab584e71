import type { Command } from 'commander'
import { status } from '../../operations/sessions/status.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { describeStatus } from '../../print/sessions/sessions.ts'
import { screen } from '../../print/terminal.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  examples(
    command,
    `wrk status
     wrk status --json`,
  )
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const { warnings, ...found } = await status(context)
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...found },
        text: globals.json ? '' : describeStatus(found, screen(context.env), context.clock()),
        warnings,
      }
    }),
  )
}
