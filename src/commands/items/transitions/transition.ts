import type { Command } from 'commander'
import type { Verb } from '../../../core/items/transition.ts'
import { printable } from '../../../core/text.ts'
import type { Context } from '../../../operations/context.ts'
import { namedItems } from '../../../operations/items/named-items.ts'
import {
  openBlockers,
  type TransitionResult,
  transition,
  type Unblocked,
  unblockedBy,
} from '../../../operations/items/transitions/transition.ts'
import { refusedChange } from '../../../print/claims/refusal.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { answerEach } from '../../../print/items/several.ts'
import { PARTICIPLES, refusedTransition } from '../../../print/items/transitions.ts'
import type { Outcome } from '../../../print/outcome.ts'
import { screen } from '../../../print/terminal.ts'
import { examples, open, type RunCommand } from '../../command.ts'

const ABOUT: Record<Verb, { does: string; headline: string; examples: string }> = {
  start: {
    does: 'Claims the item, sets its status to working and moves it to working/.',
    headline: 'Started',
    examples: 'wrk start WRK-157\nwrk start              the one item that you hold',
  },
  block: {
    does: 'Sets the status to blocked, frees the item and moves it to blocked/. --reason is\nkept in blocked_reason and in the event log.',
    headline: 'Blocked',
    examples:
      'wrk block WRK-157 --reason "waits for the licence"\nwrk block 157 161 --reason "no test machine"',
  },
  unblock: {
    does: 'Sets the status of a blocked item to pending and moves it to pending/.',
    headline: 'Unblocked',
    examples: 'wrk unblock WRK-157\nwrk unblock 157 161',
  },
  done: {
    does: 'Sets status: done and completed_at, frees the item, moves it to done/, and lists\nthe items that waited for it.',
    headline: 'Done',
    examples:
      'wrk done WRK-157\nwrk done               the one item that you hold\nwrk done 9 10 12-15    several, and all from WRK-12 to WRK-15',
  },
  cancel: {
    does: 'Closes the item as cancelled: sets status: cancelled and completed_at, frees it and\nmoves it to done/. --reason is kept in cancelled_reason and in the event log. wrk\nreopen takes it back.',
    headline: 'Cancelled',
    examples:
      'wrk cancel WRK-157 --reason "the vendor fixed it"\nwrk cancel 20-25 --reason "the port was dropped"',
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
  if (OF_HELD.includes(verb)) command.argument('[id...]', `items: WRK-157, 157, 3-7 (default: ${THE_HELD})`)
  else command.argument('<id...>', 'items: WRK-157, 157, 3-7')
  const kept = { block: 'blocked_reason', cancel: 'cancelled_reason' }[verb as string]
  if (kept) command.option('--reason <text>', `why, for ${kept} and the event log`)
  else if (verb !== 'start' && verb !== 'done') command.option('--reason <text>', 'why, for the event log')
  examples(command, about.examples)
  command.addHelpText(
    'after',
    `\n${about.does}\nStatus, lock and folder change in one step. An item must be free or yours, or its\nclaim expired, or its holder dead; wrk warns when it takes an item over. Of several\nitems each is answered for itself; the exit code is the highest of theirs.`,
  )
  command.action((words: string[], { reason }: { reason?: string }) =>
    run(async globals => {
      const context = await open(globals)
      return answerEach(await namedItems(context, verb, words), id => answerOne(context, verb, id, reason))
    }),
  )
}

/** Verbs for what one works on: without an id they mean the one item that the caller holds. */
const OF_HELD: readonly Verb[] = ['start', 'block', 'done', 'cancel']
const THE_HELD = 'the one that you hold'

async function answerOne(
  context: Context,
  verb: Verb,
  id: string,
  reason: string | undefined,
): Promise<Outcome> {
  const result = await transition(context, verb, id, { reason })
  if (result.kind === 'refused') return refusedChange(result, context.clock())
  if (result.kind === 'no') return refusedTransition(PARTICIPLES[verb], result)
  if (verb === 'start' && result.changed) {
    const waits = await openBlockers(context, result.item.id)
    if (waits.length > 0) result.warnings.push(`${result.item.id} waits for ${waits.join(', ')}`)
  }
  const unblocked = closes(verb) ? await unblockedBy(context, result.item.id) : []
  return outcome(verb, ABOUT[verb].headline, result, unblocked, screen(context.env).width)
}

const closes = (verb: Verb): boolean => verb === 'done' || verb === 'cancel'

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
      ...(closes(verb) ? { unblocked } : {}),
    },
    text: changed
      ? `${headline} ${item.id}  ${printable(item.title)}\n${can}`
      : `Nothing to do: ${item.id} is already ${printable(item.status ?? 'closed', 40)}.\n${can}`,
    warnings: from
      ? [`took over ${item.id} from ${printable(from.holder, 128)}: ${from.reason}`, ...warnings]
      : warnings,
  }
}
