import type { Command } from 'commander'
import { printable } from '../../../core/text.ts'
import { parseChanges } from '../../../operations/items/fields/assignments.ts'
import { type SetOptions, type SetResult, set } from '../../../operations/items/fields/set.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { refusedTransition } from '../../../print/items/transitions.ts'
import type { Outcome } from '../../../print/outcome.ts'
import { examples, open, type RunCommand } from '../../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item: WRK-157, 157')
    .argument('<key=value...>', 'fields and values; of lists, labels+=api adds and labels-=api removes')
    .option('--stay', 'write the status only: the item keeps its folder and its lock')
    .option('--new-field', 'add a new field although its name looks like a typing error')
  examples(
    command,
    `wrk set WRK-157 priority=high
     wrk set WRK-157 plan_approved=true "title=A better title"
     wrk set WRK-157 status=cancelled
     wrk set WRK-157 labels+=api blocked_by+=25 blocked_by-=7`,
  )
  command.addHelpText(
    'after',
    `
Every other byte of the file stays. A status does what its command does (start,
block, unblock, done, reopen): its fields, the lock and the folder. The item must
be free or yours (from a dead or silent holder: wrk claim first). locked_by,
locked_at and id are refused.`,
  )
  command.action((id: string, words: string[], flags: SetOptions) =>
    run(async globals => {
      const { fields, lists } = parseChanges(words)
      const context = await open(globals)
      const result = await set(context, id, fields, { ...flags, lists })
      if (result.kind === 'refused') return refusedChange(result, context.clock())
      if (result.kind === 'no')
        return refusedTransition(`set to ${printable(fields.get('status')!, 40)}`, result)
      return outcome(result, fields)
    }),
  )
}

function outcome(
  { changed, item, before, lists, transition, added, moved, warnings }: Extract<SetResult, { kind: 'set' }>,
  fields: ReadonlyMap<string, string>,
): Outcome {
  const { lock = null, from = null } = transition ?? {}
  const lines = Object.entries(before).map(([key, old]) => {
    const value = fields.get(key)!
    return `${item.id} ${key}: ${old === null ? '' : `${printable(old, 60)} -> `}${printable(value, 60) || '(empty)'}`
  })
  for (const [key, words] of Object.entries(lists))
    lines.push(`${item.id} ${key}: ${words.map(word => printable(word, 60)).join(', ') || '(empty)'}`)
  if (!changed) lines.push(`Nothing to do: ${item.id} already has these values.`)
  if (moved !== null) lines.push(`Moved ${item.id} to ${moved}/`)
  if (lock) lines.push(`Claimed ${item.id}`)
  return {
    exitCode: EXIT.done,
    json: {
      ok: true,
      changed,
      item,
      before,
      lists,
      fields: Object.fromEntries(fields),
      ...(transition ? { lock, from } : {}),
    },
    text: `${lines.join('\n')}\n`,
    notes: added.map(key => `${key} is a new field of ${item.id}, and not one that wrk uses`),
    warnings: from
      ? [`took over ${item.id} from ${printable(from.holder, 128)}: ${from.reason}`, ...warnings]
      : warnings,
  }
}
