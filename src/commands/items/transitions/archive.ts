import type { Command } from 'commander'
import { printable } from '../../../core/text.ts'
import { archive } from '../../../operations/items/transitions/archive.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.argument('<id>', 'the item: WRK-157, 157')
  examples(
    command,
    `wrk archive WRK-157
     wrk archive 157 --json`,
  )
  command.addHelpText(
    'after',
    '\nSets status: archived and completed_at, frees the item, and moves it to\narchive/YYYY-MM/. Running it again completes what a crash interrupted.',
  )
  command.action((id: string) =>
    run(async globals => {
      const context = await open(globals)
      const result = await archive(context, id)
      const { item, warnings } = result
      if (result.kind === 'refused') return refusedChange(result, context.clock())
      const { from, changed, completed_at } = result
      return {
        exitCode: EXIT.done,
        json: { ok: true, archived: true, changed, item, completed_at, from },
        text: changed
          ? `Archived ${item.id}  ${item.path}\n`
          : `Nothing to do: ${item.id} is already archived.\n  ${item.path}\n`,
        warnings: from
          ? [`took over ${item.id} from ${printable(from.holder, 128)}: ${from.reason}`, ...warnings]
          : warnings,
      }
    }),
  )
}
