import type { Command } from 'commander'
import { printable } from '../../../core/text.ts'
import { note, noteText } from '../../../operations/items/body/edit-body.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.argument('<id>', 'the item: WRK-157, 157').argument('<text...>', 'the note; - reads it from stdin')
  examples(
    command,
    `wrk note WRK-157 "The licence arrived; the tests need a key"
     git log -1 --format=%B | wrk note WRK-157 -`,
  )
  command.addHelpText(
    'after',
    `
Adds "- 2026-02-16T19:30:05Z (SESSION) TEXT" at the end of the section "## Notes",
and that section if it is missing. Every other byte of the file stays. The item
must be free or yours.`,
  )
  command.action((id: string, words: string[]) =>
    run(async globals => {
      const text = await noteText(words.join(' '))
      const context = await open(globals)
      const result = await note(context, id, text)
      if (result.kind === 'refused') return refusedChange(result, context.clock())
      const { item, entry, warnings } = result
      return {
        exitCode: EXIT.done,
        json: { ok: true, item, entry },
        text: `Added a note to ${item.id}  ${printable(item.title)}\n`,
        warnings,
      }
    }),
  )
}
