import type { Command } from 'commander'
import { type Choice, type LeftWork, type Ready, whyBehind } from '../../../core/items/next.ts'
import { printable } from '../../../core/text.ts'
import type { QueueItem } from '../../../operations/items/queries/candidates.ts'
import { claimNext, type NextItem, next } from '../../../operations/items/queries/next.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import type { Outcome } from '../../../print/outcome.ts'
import { screen } from '../../../print/terminal.ts'
import { DEFAULT_WAIT, duration, examples, open, type RunCommand } from '../../command.ts'

interface Flags {
  claim?: boolean
  explain?: boolean
  begun?: boolean
  label?: string[]
  repo?: string
  wait?: string | true
}

/** How many of the others `--explain` prints; `--json` has all. */
const MOST_SHOWN = 20

export function configure(command: Command, run: RunCommand): void {
  command
    .option('--claim', 'claim it too; of several sessions that ask at once, each gets another item')
    .option('--begun', 'offer also items that are begun and that nobody holds or left')
    .option('--label <word...>', 'only items with one of these labels')
    .option('--repo <name>', 'only items for this repository')
    .option('--wait [time]', `wait until something is ready (default: ${DEFAULT_WAIT})`)
    .option('--explain', 'say why this one, and why not the others')
  examples(
    command,
    `wrk next
     wrk next --claim
     wrk next --claim --wait 10m
     wrk next --label api --repo website
     wrk next --explain
     wrk next --claim --json`,
  )
  command.addHelpText(
    'after',
    `
Ready is what is pending, or was begun and left by its session, and is free, does
not wait for another item (blocked_by), is not put off, and is for this machine
(WRK_MACHINE, or the host name). Order: left items, then priority, then how many
others it unblocks, then age. Nothing ready: exit code 1.`,
  )
  command.action((flags: Flags) =>
    run(async globals => {
      const context = await open(globals)
      const { begun = false, claim = false, label, repo, wait } = flags
      const isFiltered = label !== undefined || repo !== undefined
      const options = async () => ({
        begun,
        fits: isFiltered
          ? await (await import('../../../operations/items/queries/item-fields.ts')).fieldFilter(
              context,
              flags,
            )
          : undefined,
      })
      const waitMs = wait === undefined ? 0 : duration('--wait', wait === true ? DEFAULT_WAIT : wait)
      const found =
        waitMs > 0
          ? await (await import('../../../operations/items/queries/wait-for-next.ts')).waitForNext(
              context,
              waitMs,
              claim,
              options,
            )
          : await (claim ? claimNext : next)(context, await options())
      const { width } = screen(context.env)
      const how = { explain: flags.explain ?? false, asJson: globals.json ?? false, width }
      return found.chosen ? chosen(found, found.chosen, how) : nothing(found, how)
    }),
  )
}

interface How {
  explain: boolean
  asJson: boolean
  width: number
}

function chosen({ claimed, choice, holding }: NextItem, best: Ready<QueueItem>, how: How): Outcome {
  const { item } = best
  const { explain, width } = how
  const why = item.left ? leftBy(item.left) : reasonOf(best, choice.ready.length)
  const others = explain ? linesOf(choice, best, width) : []
  const headline = `${claimed ? 'Claimed ' : ''}${item.id}  ${printable(item.title)}`
  return {
    exitCode: EXIT.done,
    json: {
      ok: true,
      item: claimed ? { ...jsonOf(item), ...claimed.item } : jsonOf(item),
      why,
      ready: choice.ready.length,
      left: item.left,
      holding: holding.map(({ id }) => id),
      ...(claimed
        ? { kind: claimed.kind, lock: claimed.lock, from: claimed.from, session: claimed.session }
        : {}),
      ...(explain ? { behind: behind(choice, best), waiting: waitingOf(choice, how) } : {}),
    },
    text: [
      headline,
      why,
      claimed ? `Next: wrk ${item.left ? 'show' : 'start'} ${item.id}` : `Take it: wrk claim ${item.id}`,
      ...(others.length > 0 ? ['Not chosen:', ...others] : []),
    ]
      .map(line => `${line}\n`)
      .join(''),
    warnings: [
      ...(claimed?.from
        ? [`took over ${item.id} from ${printable(claimed.from.locked_by, 128)}: ${claimed.from.reason}`]
        : []),
      ...(claimed?.warnings ?? []),
      ...alreadyHeld(holding),
    ],
  }
}

/** The warning for a session that holds items already. */
function alreadyHeld(holding: readonly QueueItem[]): string[] {
  if (holding.length === 0) return []
  const ids = holding.map(({ id }) => id)
  const [first] = ids
  const command = (verb: string) => `wrk ${verb} ${first}`
  return [`you already hold ${ids.join(', ')}. Finish: ${command('done')}. Release: ${command('release')}`]
}

function leftBy({ by, at, why }: LeftWork): string {
  const when = at ? ` at ${at}` : ''
  const reason = why ? ` (${printable(why)})` : ''
  return `Begun and left by ${printable(by, 128)}${when}${reason}: look first at what is done.`
}

function jsonOf({ id, path, title, status, priority, folder }: QueueItem) {
  return { id, path, title, status, priority, folder }
}

function reasonOf({ item, unblocks }: Ready, ready: number): string {
  const waiting =
    unblocks === 0 ? 'blocks nothing' : `blocks ${unblocks} ${unblocks === 1 ? 'item' : 'items'}`
  const since = item.details.createdAt
    ? `created ${printable(item.details.createdAt.slice(0, 10))}`
    : 'no creation date'
  const of = ready === 1 ? 'The only ready item' : `First of ${ready} ready items`
  return `${of}: priority ${printable(item.priority ?? 'not set', 40)}, ${waiting}, ${since}.`
}

function nothing({ choice }: NextItem, how: How): Outcome {
  const { waiting, reasons } = choice
  const count = `${waiting.length} open ${waiting.length === 1 ? 'item has' : 'items have'} to wait`
  const message = `nothing is ready: ${waiting.length === 0 ? 'the queue has no open items' : count}`
  const [first] = waiting
  const hint =
    !first || how.explain
      ? undefined
      : `${first.id}: ${reasons(first).join('; ')}. See all: wrk next --explain`
  return {
    exitCode: EXIT.notFound,
    json: {
      ok: false,
      item: null,
      error: { code: 'NOT_FOUND', message, hint: hint ?? null },
      waiting: waitingOf(choice, how),
    },
    refusal: { message, hint, lines: how.explain ? linesOf(choice, null, how.width) : [] },
  }
}

interface Behind {
  id: string
  priority: string | null
  unblocks: number
  why: string
}

function behind({ ready }: Choice<QueueItem>, best: Ready<QueueItem> | null): Behind[] {
  return ready.flatMap(one => {
    const { item, unblocks } = one
    return !best || item === best.item
      ? []
      : { id: item.id, priority: item.priority, unblocks, why: whyBehind(best, one) }
  })
}

/** Only for JSON: making thousands of sentences takes as long as choosing. */
function waitingOf({ waiting, reasons }: Choice<QueueItem>, { asJson }: How) {
  return asJson ? waiting.map(item => ({ id: item.id, reasons: reasons(item) })) : []
}

function linesOf(choice: Choice<QueueItem>, best: Ready<QueueItem> | null, width: number): string[] {
  const others = behind(choice, best)
  const { waiting, reasons } = choice
  const lines = [
    ...others.slice(0, MOST_SHOWN).map(({ id, why }) => `  ${id}  also ready; ${why}`),
    ...waiting.slice(0, MOST_SHOWN).map(item => `  ${item.id}  ${reasons(item).join('; ')}`),
  ].map(line => printable(line, width))
  const left = others.length + waiting.length - lines.length
  return left > 0 ? [...lines, `  and ${left} more: wrk next --explain --json`] : lines
}
