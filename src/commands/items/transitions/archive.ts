import type { Command } from 'commander'
import { printable } from '../../../core/text.ts'
import type { Context } from '../../../operations/context.ts'
import { namedItems } from '../../../operations/items/named-items.ts'
import { archive } from '../../../operations/items/transitions/archive.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { answerEach } from '../../../print/items/several.ts'
import type { Outcome } from '../../../print/outcome.ts'
import { examples, open, type RunCommand } from '../../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.argument('[id...]', 'items: WRK-157, 157, 3-7 (default: the one that you hold)')
  examples(
    command,
    `wrk archive WRK-157
     wrk archive 3-7 12`,
  )
  command.addHelpText(
    'after',
    '\nSets status: archived and completed_at, frees the item, and moves it to\narchive/YYYY-MM/. Running it again completes what a crash interrupted.\nOf several items each is answered for itself; the exit code is the highest of theirs.',
  )
  command.action((words: string[]) =>
    run(async globals => {
      const context = await open(globals)
      return answerEach(await namedItems(context, 'archive', words), id => archiveOne(context, id))
    }),
  )
}

async function archiveOne(context: Context, id: string): Promise<Outcome> {
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
}
