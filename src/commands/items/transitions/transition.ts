import type { Command } from 'commander'
import type { Verb } from '../../../core/items/transition.ts'
import { printable } from '../../../core/text.ts'
import {
  openBlockers,
  type TransitionResult,
  transition,
  type Unblocked,
  unblockedBy,
} from '../../../operations/items/transitions/transition.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { PARTICIPLES, refusedTransition } from '../../../print/items/transitions.ts'
import type { Outcome } from '../../../print/outcome.ts'
import { screen } from '../../../print/terminal.ts'
import { examples, open, type RunCommand } from '../../command.ts'

const ABOUT: Record<Verb, { does: string; headline: string; examples: string }> = {
  start: {
    does: 'Claims the item, sets its status to working and moves it to working/.',
    headline: 'Started',
    examples: 'wrk start WRK-157',
  },
  block: {
    does: 'Sets the status to blocked, frees the item and moves it to blocked/. --reason is\nkept in blocked_reason and in the event log.',
    headline: 'Blocked',
    examples: 'wrk block WRK-157 --reason "waits for the licence"',
  },
  unblock: {
    does: 'Sets the status of a blocked item to pending and moves it to pending/.',
    headline: 'Unblocked',
    examples: 'wrk unblock WRK-157',
  },
  done: {
    does: 'Sets status: done and completed_at, frees the item, moves it to done/, and lists\nthe items that waited for it.',
    headline: 'Done',
    examples: 'wrk done WRK-157',
  },
  reopen: {
    does: 'Sets the status of a closed item to pending and moves it to pending/.',
    headline: 'Reopened',
    examples: 'wrk reopen WRK-157 --reason "the fix did not hold"',
  },
}

/** One for all verbs: the command's name says which. */
export function configure(command: Command, run: RunCommand): void {
  const verb = command.name() as Verb
  const about = ABOUT[verb]
  command.argument('<id>', 'the item: WRK-157, 157')
  if (verb === 'block') command.option('--reason <text>', 'why, for blocked_reason and the event log')
  else if (verb !== 'start' && verb !== 'done') command.option('--reason <text>', 'why, for the event log')
  examples(command, about.examples)
  command.addHelpText(
    'after',
    `\n${about.does}\nStatus, lock and folder change in one step. The item must be free or yours, or its\nclaim expired, or its holder dead; wrk warns when it takes an item over.`,
  )
  command.action((id: string, flags: { reason?: string }) =>
    run(async globals => {
      const context = await open(globals)
      const result = await transition(context, verb, id, { reason: flags.reason })
      if (result.kind === 'refused') return refusedChange(result, context.clock())
      if (result.kind === 'no') return refusedTransition(PARTICIPLES[verb], result)
      if (verb === 'start' && result.changed) {
        const waits = await openBlockers(context, result.item.id)
        if (waits.length > 0) result.warnings.push(`${result.item.id} waits for ${waits.join(', ')}`)
      }
      const unblocked = verb === 'done' ? await unblockedBy(context, result.item.id) : []
      return outcome(verb, about.headline, result, unblocked, screen(context.env).width)
    }),
  )
}

function outcome(
  verb: Verb,
  headline: string,
  { changed, item, lock, from, warnings }: Extract<TransitionResult, { kind: 'done' }>,
  unblocked: readonly Unblocked[],
  width: number,
): Outcome {
  const next = unblocked.map(one => {
    const how = one.ready ? '' : ` (${one.status ?? 'not ready'})`
    return `${printable(`  ${one.id}${how}  ${one.title}`, width)}\n`
  })
  const can = unblocked.length === 0 ? '' : `Unblocked:\n${next.join('')}`
  return {
    exitCode: EXIT.done,
    json: {
      ok: true,
      changed,
      item,
      lock,
      from,
      ...(verb === 'done' ? { unblocked } : {}),
    },
    text: changed
      ? `${headline} ${item.id}  ${printable(item.title)}\n${can}`
      : `Nothing to do: ${item.id} is already ${printable(item.status ?? 'closed', 40)}.\n${can}`,
    warnings: from
      ? [`took over ${item.id} from ${printable(from.holder, 128)}: ${from.reason}`, ...warnings]
      : warnings,
  }
}
