import type { Command } from 'commander'
import { candidates } from '../../../operations/items/queries/candidates.ts'
import { writeIndex } from '../../../operations/items/queries/index-file.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { indexPage } from '../../../print/items/index-page.ts'
import { examples, open, type RunCommand } from '../../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .option('--write', 'write it to INDEX.md in the queue instead of printing it')
    .option('--force', 'replace an INDEX.md that wrk did not write')
  examples(
    command,
    `wrk index
     wrk index --write`,
  )
  command.addHelpText(
    'after',
    '\nMade from the items alone: the same items give the same text. No other command\nreads or writes it.',
  )
  command.action((flags: { write?: boolean; force?: boolean }) =>
    run(async globals => {
      const context = await open(globals)
      const items = await candidates(context, 'details')
      const text = indexPage(items)
      if (!flags.write)
        return { exitCode: EXIT.done, json: { ok: true, items: items.length, text }, text, verbatim: true }
      const { path, changed } = await writeIndex(context, text, flags.force === true)
      return {
        exitCode: EXIT.done,
        json: { ok: true, items: items.length, path, changed },
        text: changed ? `Wrote ${path}\n` : `Nothing to do: ${path} is up to date.\n`,
      }
    }),
  )
}
