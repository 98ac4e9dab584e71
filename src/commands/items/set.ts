import type { Command } from 'commander'
import { parseAssignments, set } from '../../operations/items/set.ts'
import { refusedChange } from '../../print/claims/refusal.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item: WRK-157, 157')
    .argument('<key=value...>', 'fields with their new values; single values only')
  examples(
    command,
    `wrk set WRK-157 priority=high
     wrk set WRK-157 plan_approved=true "title=A better title"`,
  )
  command.addHelpText(
    'after',
    '\nEvery other byte of the file stays. The item must be free or yours (wrk claim takes it from a holder that\nis dead or whose time ran out); locked_by, locked_at and id are refused.',
  )
  command.action((id: string, words: string[]) =>
    run(async globals => {
      const fields = parseAssignments(words)
      const context = await open(globals)
      const result = await set(context, id, fields)
      const { item, warnings } = result
      if (result.kind === 'refused') return refusedChange(result, context.clock())
      return {
        exitCode: EXIT.done,
        json: { ok: true, changed: result.changed, item, fields: Object.fromEntries(fields) },
        text: result.changed
          ? `Set ${[...fields.keys()].join(', ')} of ${item.id}\n`
          : `${item.id} says so already\n`,
        warnings,
      }
    }),
  )
}
