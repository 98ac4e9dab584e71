import type { Command } from 'commander'
import { printable } from '../core/ids.ts'
import { type ListedItem, list } from '../operations/list.ts'
import { styleOfLiveness } from '../print/describe.ts'
import { EXIT } from '../print/exit-codes.ts'
import { type Cell, table } from '../print/table.ts'
import { type Screen, screen } from '../print/terminal.ts'
import { examples, open, type Run } from './command.ts'

interface Flags {
  status?: string[]
  locked?: boolean
  mine?: boolean
}

export function configure(command: Command, run: Run): void {
  command
    .option('--status <word...>', 'only items with this status; may be given more than once')
    .option('--locked', 'only items that somebody holds')
    .option('--mine', 'only items that this session holds')
  examples(
    command,
    `wrk list
     wrk list --status pending --status blocked
     wrk list --locked --json`,
  )
  command.action((flags: Flags) =>
    run(async globals => {
      const context = await open(globals)
      const items = await list(context, flags)
      const damaged = items.filter(({ problems }) => problems.some(({ blocks }) => blocks)).length
      return {
        exitCode: EXIT.done,
        json: { ok: true, items },
        text: globals.json ? '' : items.length === 0 ? 'No items.\n' : describe(items, screen(context.env)),
        warnings:
          damaged > 0 && !globals.json
            ? [`${damaged} of ${items.length} items cannot be worked on as they stand; wrk show ID tells why`]
            : [],
      }
    }),
  )
}

function describe(items: readonly ListedItem[], terminal: Screen): string {
  const rows = items.map((item): Cell[] => {
    const style = styleOfLiveness(item.liveness)
    const mark = item.problems.some(({ blocks }) => blocks) ? '! ' : ''
    return [
      { text: printable(item.id, 60) },
      { text: printable(item.status ?? '-', 40) },
      { text: printable(item.priority ?? '-', 20) },
      { text: item.locked_by ? `${printable(item.locked_by, 128)} (${item.liveness})` : '-', style },
      { text: `${mark}${printable(item.title || item.problems[0]?.message || '', 200)}` },
    ]
  })
  return table(terminal, ['ID', 'STATUS', 'PRIORITY', 'HELD BY', 'TITLE'], rows)
}
