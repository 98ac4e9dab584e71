import type { Command } from 'commander'
import itemTemplate from '../../../templates/item.md'
import { edit, editorOf } from '../../operations/items/body/edit.ts'
import { COMPLEXITIES, newItem, PRIORITIES } from '../../operations/items/new.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { collect, examples, open, type RunCommand } from '../command.ts'

interface Flags {
  priority?: string
  complexity?: string
  blockedBy?: string[]
  parent?: string
  edit?: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<title...>', 'what is to be done, in one line')
    .option('--priority <word>', PRIORITIES.join(', '))
    .option('--complexity <word>', COMPLEXITIES.join(', '))
    .option('--blocked-by <id>', 'an item that has to be done first; may be given several times', collect)
    .option('--parent <id>', 'the item that it belongs to')
    .option('--edit', 'open it in $VISUAL or $EDITOR')
  examples(
    command,
    `wrk new "Tide table import" --priority high
     wrk new Replace the buoy driver --blocked-by 157 --blocked-by 161
     wrk new "Mooring planner" --parent WRK-26 --edit`,
  )
  command.addHelpText(
    'after',
    '\nMade from templates/item.md of the queue, in pending/. No item ever had its id, in\nany folder or in git’s history of the queue. id_prefix and id_ranges (a range for\neach machine) are in wrk.yaml.',
  )
  command.action((words: string[], flags: Flags) =>
    run(async globals => {
      const context = await open(globals)
      const editor = flags.edit ? editorOf(context) : null
      const { item, warnings } = await newItem(context, {
        title: words.join(' '),
        priority: flags.priority,
        complexity: flags.complexity,
        blockedBy: flags.blockedBy ?? [],
        parent: flags.parent,
        template: itemTemplate,
      })
      const code = editor ? await edit(context, editor, item.path, globals.json ? 'stderr' : 'inherit') : 0
      return {
        exitCode: EXIT.done,
        json: { ok: true, item },
        text: `Created ${item.id}  ${item.path}\nNext: wrk start ${item.id}\n`,
        warnings:
          code === 0
            ? warnings
            : [...warnings, `the editor ended with ${code}; the item is there all the same`],
      }
    }),
  )
}
