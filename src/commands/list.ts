import type { Command } from 'commander'
import { printable } from '../core/ids.ts'
import { type ListedItem, list } from '../operations/list.ts'
import { styleOfLiveness } from '../print/describe.ts'
import { EXIT } from '../print/exit-codes.ts'
import { table } from '../print/table.ts'
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
      const damaged = items.filter(isDamaged).length
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
  return table(terminal, [
    { title: 'ID', cells: items.map(({ id }) => id), longest: 60 },
    { title: 'STATUS', cells: items.map(({ status }) => status ?? '-'), longest: 40 },
    { title: 'PRIORITY', cells: items.map(({ priority }) => priority ?? '-'), longest: 20 },
    {
      title: 'HELD BY',
      cells: items.map(({ locked_by, liveness }) =>
        locked_by ? `${printable(locked_by, 128)} (${liveness})` : '-',
      ),
      styles: items.map(({ liveness }) => styleOfLiveness(liveness)),
      longest: 200,
    },
    { title: 'TITLE', cells: items.map(describeTitle), longest: 200 },
  ])
}

function describeTitle(item: ListedItem): string {
  const title = item.title || item.problems[0]?.message || ''
  return isDamaged(item) ? `! ${title}` : title
}

function isDamaged({ problems }: ListedItem): boolean {
  return problems.length > 0 && problems.some(({ blocks }) => blocks)
}
