import type { Command } from 'commander'
import { type ShownItem, show, showRaw } from '../../operations/items/show.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { itemText, printableLines } from '../../print/items/item-text.ts'
import type { Outcome } from '../../print/outcome.ts'
import { answer, screen } from '../../print/terminal.ts'
import { examples, open, type RunCommand } from '../command.ts'

interface Flags {
  raw?: boolean
  remote?: boolean
  pager?: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item: WRK-157, 157, workspace-hub#1311')
    .option('--raw', 'the file as it is')
    .option('--remote', 'in a coordinated queue: ask the engine who holds it')
    .option('--no-pager', 'do not page the output')
  examples(
    command,
    `wrk show WRK-157
     wrk show 157 --json
     wrk show 157 --raw`,
  )
  command.addHelpText(
    'after',
    '\nOn a terminal the text below the fields is formatted, and a long page goes through\n$WRK_PAGER, $PAGER or less.',
  )
  command.action((id: string, { raw, pager, remote }: Flags) =>
    run(async globals => {
      const context = await open(globals)
      if (raw && !globals.json) return rawOutcome(await showRaw(context, id), screen(context.env).isTerminal)
      const shown = await show(context, id, remote)
      const now = context.clock()
      const outcome = outcomeOf(shown)
      if (globals.json) return outcome
      const terminal = screen(context.env)
      if (!terminal.isTerminal) return { ...outcome, text: shown.map(one => itemText(one, now)).join('\n') }
      const { terminalPage, pageIfLong } = await import('../../print/items/terminal-page.ts')
      const text = await terminalPage(context, shown, now, terminal)
      const isShown = pager !== false && pageIfLong(context, text, process.stdout.rows)
      return { ...outcome, text: isShown ? '' : text, verbatim: true }
    }),
  )
}

function outcomeOf(shown: readonly ShownItem[]): Outcome {
  const [first] = shown
  const id = first!.item.id
  return {
    exitCode: EXIT.done,
    json: { ok: true, ...first, places: shown.map(({ item }) => item.path) },
    warnings:
      shown.length > 1
        ? [`${id} is in ${shown.length} places and cannot be changed until one is left: wrk doctor`]
        : [],
  }
}

/** To a terminal goes nothing that it might obey; to a file or pipe every byte. */
function rawOutcome(files: readonly Buffer[], isTerminal: boolean): Outcome {
  for (const bytes of files) answer(isTerminal ? printableLines(bytes.toString('utf8')) : bytes)
  return { exitCode: EXIT.done, json: { ok: true }, printed: true }
}
