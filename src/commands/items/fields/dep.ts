import type { Command } from 'commander'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { set } from '../../../operations/items/fields/set.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { refusedTransition } from '../../../print/items/transitions.ts'
import { collect, examples, open, type RunCommand } from '../../command.ts'

interface Flags {
  on?: string[]
  notOn?: string[]
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item that waits: WRK-157, 157')
    .option('--on <id>', 'an item that has to be done first; may be given several times', collect)
    .option('--not-on <id>', 'one that it no longer waits for; may be given several times', collect)
  examples(
    command,
    `wrk dep WRK-157 --on 25
     wrk dep WRK-157 --on 25 --not-on 7`,
  )
  command.addHelpText(
    'after',
    `
Changes blocked_by, or the field that the item uses for it (depends_on, deps);
every other byte stays. Refused (5) when the items would wait for each other.
To see what waits for what: wrk graph`,
  )
  command.action((id: string, { on = [], notOn = [] }: Flags) =>
    run(async globals => {
      if (on.length + notOn.length === 0)
        throw new WrkError('USAGE', 'missing option: --on or --not-on', {
          hint: `For example: wrk dep ${printable(id, 40)} --on 25`,
        })
      const context = await open(globals)
      const result = await set(context, id, new Map(), { waits: { on, notOn } })
      if (result.kind === 'refused') return refusedChange(result, context.clock())
      if (result.kind === 'no') return refusedTransition('changed', result)
      const { changed, item, lists, warnings } = result
      const words = Object.values(lists).flat()
      const now = words.length > 0 ? words.map(word => printable(word, 60)).join(', ') : 'nothing'
      return {
        exitCode: EXIT.done,
        json: { ok: true, changed, item, lists },
        text: changed
          ? `${item.id} waits for ${now}\n`
          : `Nothing to do: ${item.id} already waits for these.\n`,
        warnings,
      }
    }),
  )
}
