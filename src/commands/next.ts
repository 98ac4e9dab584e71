import type { Command } from 'commander'
import { printable } from '../core/ids.ts'
import type { Ready } from '../core/next.ts'
import type { QueueItem } from '../operations/candidates.ts'
import { claimNext, type NextItem, next } from '../operations/next.ts'
import { EXIT } from '../print/exit-codes.ts'
import type { Outcome } from '../print/outcome.ts'
import { examples, open, type Run } from './command.ts'

interface Flags {
  claim?: boolean
  explain?: boolean
}

/** How many of the others `--explain` tells of in text; `--json` has all. */
const TOLD = 20

export function configure(command: Command, run: Run): void {
  command
    .option('--claim', 'claim it in the same act: of many that ask at once, each gets another')
    .option('--explain', 'say why this one, and why not the others')
  examples(
    command,
    `wrk next
     wrk next --claim
     wrk next --explain
     wrk next --claim --json`,
  )
  command.addHelpText(
    'after',
    '\nReady is what is pending, free, not waiting for another item (blocked_by), not put off, and for this machine\n(WRK_MACHINE, or the host name). Order: priority, then how many others it unblocks, then age.\nNothing ready: exit code 1.',
  )
  command.action((flags: Flags) =>
    run(async globals => {
      const context = await open(globals)
      const found = await (flags.claim ? claimNext(context) : next(context))
      return found.chosen ? chosen(found, found.chosen, flags) : nothing(found, flags, globals.json ?? false)
    }),
  )
}

function chosen({ claimed, choice }: NextItem, best: Ready<QueueItem>, { explain }: Flags): Outcome {
  const { item } = best
  const why = reasonOf(best, choice.ready.length)
  const told = claimed
    ? `Claimed ${item.id}  ${printable(item.title)}`
    : `${item.id}  ${printable(item.title)}`
  return {
    exitCode: EXIT.done,
    json: {
      ok: true,
      item: claimed ? { ...jsonOf(item), ...claimed.item } : jsonOf(item),
      why,
      ready: choice.ready.length,
      ...(claimed
        ? { kind: claimed.kind, lock: claimed.lock, from: claimed.from, session: claimed.session }
        : {}),
      ...(explain ? others(choice, item) : {}),
    },
    text: `${told}\n${why}\n${claimed ? '' : `Take it: wrk claim ${item.id}\n`}${explain ? explanation(choice, item) : ''}`,
    warnings: claimed
      ? [
          ...(claimed.from
            ? [`took over ${item.id} from ${printable(claimed.from.locked_by, 128)}: ${claimed.from.reason}`]
            : []),
          ...claimed.warnings,
        ]
      : [],
  }
}

function jsonOf({ id, path, title, status, priority, folder }: QueueItem) {
  return { id, path, title, status, priority, folder }
}

function reasonOf({ item, unblocks }: Ready, ready: number): string {
  const waiting =
    unblocks === 0
      ? 'no other item waits for it'
      : `${unblocks} ${unblocks === 1 ? 'item waits' : 'items wait'} for it`
  const since = item.details.createdAt
    ? `made on ${printable(item.details.createdAt.slice(0, 10))}`
    : 'of unknown age'
  return `The first of ${ready} that are ready: priority ${printable(item.priority ?? 'not set', 40)}, ${waiting}, ${since}.`
}

function nothing({ choice }: NextItem, { explain }: Flags, asJson: boolean): Outcome {
  const { waiting, reasons } = choice
  const message =
    waiting.length === 0
      ? 'nothing is ready: the queue has no open items'
      : `nothing is ready: ${waiting.length} open ${waiting.length === 1 ? 'item waits' : 'items wait'}`
  const [first] = waiting
  const hint =
    waiting.length === 0
      ? undefined
      : explain
        ? waiting
            .slice(0, TOLD)
            .map(item => `${item.id}: ${reasons(item).join('; ')}`)
            .join('\n     ')
        : `For example ${first!.id}: ${reasons(first!).join('; ')}. All of them: wrk next --explain`
  return {
    exitCode: EXIT.notFound,
    json: {
      ok: false,
      item: null,
      error: { code: 'NOT_FOUND', message, hint: hint ?? null },
      // Thousands of sentences, when nobody reads them, take as long as choosing did.
      waiting: asJson ? waiting.map(item => ({ id: item.id, reasons: reasons(item) })) : [],
    },
    refusal: { message, hint },
  }
}

function others({ ready, waiting, reasons }: NextItem['choice'], best: QueueItem) {
  return {
    behind: ready
      .filter(({ item }) => item !== best)
      .map(({ item, unblocks }) => ({ id: item.id, priority: item.priority, unblocks })),
    waiting: waiting.map(item => ({ id: item.id, reasons: reasons(item) })),
  }
}

function explanation(choice: NextItem['choice'], best: QueueItem): string {
  const { behind, waiting } = others(choice, best)
  const lines = [
    ...behind
      .slice(0, TOLD)
      .map(
        ({ id, priority, unblocks }) =>
          `  ${id}  ready, behind it: priority ${priority ?? 'not set'}, unblocks ${unblocks}`,
      ),
    ...waiting.slice(0, TOLD).map(({ id, reasons }) => `  ${id}  ${reasons.join('; ')}`),
  ]
  const left = behind.length + waiting.length - lines.length
  if (lines.length === 0) return ''
  const more = left > 0 ? `  and ${left} more; --json tells all\n` : ''
  return `The others:\n${lines.map(line => `${printable(line, 300)}\n`).join('')}${more}`
}
