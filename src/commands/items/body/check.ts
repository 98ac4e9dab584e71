import type { Command } from 'commander'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { type Checked, check } from '../../../operations/items/body/edit-body.ts'
import { listCriteria } from '../../../operations/items/body/list-criteria.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import type { Outcome } from '../../../print/outcome.ts'
import { count, examples, open, type RunCommand } from '../../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item: WRK-157, 157')
    .argument('[number...]', 'numbers of the criteria; none: list them')
    .option('--uncheck', 'remove the checks')
  examples(
    command,
    `wrk check WRK-157              lists the criteria with their numbers
     wrk check WRK-157 2 3
     wrk check WRK-157 2 --uncheck`,
  )
  command.addHelpText(
    'after',
    `
Criteria are the boxes (- [ ]) under "## Acceptance criteria", or all boxes where
there is no such heading. One byte of the file changes for each. The item must be
free or yours.`,
  )
  command.action((id: string, words: string[], { uncheck = false }: { uncheck?: boolean }) =>
    run(async globals => {
      const numbers = words.map(word => count('a criterion', word))
      if (numbers.length === 0 && uncheck)
        throw new WrkError('USAGE', '--uncheck needs the number of a criterion')
      const context = await open(globals)
      if (numbers.length === 0)
        return outcome({ ...(await listCriteria(context, id)), changed: null, warnings: [] })
      const result = await check(context, id, numbers, !uncheck)
      return result.kind === 'refused' ? refusedChange(result, context.clock()) : outcome(result)
    }),
  )
}

function outcome({
  changed,
  item,
  criteria,
  warnings,
}: Pick<Checked, 'criteria' | 'warnings'> & { item: { id: string }; changed: boolean | null }): Outcome {
  const lines = criteria.map(
    ({ number, text, checked }) =>
      `${String(number).padStart(3)} [${checked ? 'x' : ' '}] ${printable(text, 200)}\n`,
  )
  const none = `${item.id} has no criteria\n`
  return {
    exitCode: EXIT.done,
    json: { ok: true, ...(changed === null ? {} : { changed }), item, criteria },
    text: criteria.length === 0 ? none : lines.join(''),
    warnings,
  }
}
