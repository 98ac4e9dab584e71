import type { Command } from 'commander'
import { EXIT, EXIT_CODES_HELP } from '../../print/exit-codes.ts'
import { GATES, GATES_HELP } from '../../print/runs/gates.ts'
import { examples, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  examples(
    command,
    `wrk gates
     wrk gates --json`,
  )
  command.action(() =>
    run(async () => ({
      exitCode: EXIT.done,
      json: { ok: true, gates: GATES, exit_codes: EXIT_CODES_HELP },
      text: `${GATES_HELP}\n\n${EXIT_CODES_HELP}\n`,
    })),
  )
}
