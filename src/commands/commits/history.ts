import type { Command } from 'commander'
import { itemHistory } from '../../operations/commits/history.ts'
import { historyLine } from '../../print/commits/history.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'The history of one item from the event log and git, oldest first: claims, takeovers, commits and moves.',
    )
    .argument('<id>', 'the item; it may have been deleted')
  examples(
    command,
    `wrk history WRK-157
     wrk history 157 --json`,
  )
  command.addHelpText(
    'after',
    '\nCommits are those of the current branch; the event log is that of this machine.',
  )
  command.action((id: string) =>
    run(async globals => {
      const history = await itemHistory(await open(globals), id, process.cwd())
      const { entries, warnings } = history
      return {
        exitCode: EXIT.done,
        json: { ok: true, item: history.id, entries },
        text:
          entries.length === 0
            ? `${history.id}: no events and no commits.\n`
            : entries.map(historyLine).join(''),
        warnings,
      }
    }),
  )
}
