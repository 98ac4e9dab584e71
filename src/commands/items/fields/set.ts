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
    .argument('<key=value...>', 'fields with their new values; labels+=api and labels-=api for lists')
    .option('--stay', 'only write a status: leave the item in its folder, and its lock as it is')
    .option('--new-field', 'add a field that looks like a misspelt one, too')
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
Every other byte of the file stays. A status does all that its verb does (start, block, unblock, done, reopen):
the fields that go with it, the lock and the folder. The item must be free or yours (wrk claim takes it from a
holder that is dead or whose time ran out); locked_by, locked_at and id are refused.`,
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
  if (!changed) lines.push(`${item.id} already has these values`)
  if (moved !== null) lines.push(`Moved ${item.id} to ${moved}/`)
  if (lock) lines.push(`Claimed ${item.id} for ${printable(lock.locked_by, 128)}`)
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
    notes: added.map(key => `${key} is a new field of ${item.id}; wrk gives it no meaning`),
    warnings: from
      ? [`${printable(from.holder, 128)} held ${item.id}: ${from.reason}`, ...warnings]
      : warnings,
  }
}
