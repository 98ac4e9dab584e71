import type { Command } from 'commander'
import { WrkError } from '../../../core/errors.ts'
import { knownRank, unknownPriority } from '../../../core/items/priority.ts'
import { folderOf, isClosed, unknownStatus } from '../../../core/items/status.ts'
import { printable } from '../../../core/text.ts'
import { coordinationJson, viewElsewhere } from '../../../operations/claims/remote-claim.ts'
import { type ListedItem, list, SORT_KEYS } from '../../../operations/items/queries/list.ts'
import { asLastSeen, describeElsewhere, styleOfLiveness } from '../../../print/claims/describe.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { table } from '../../../print/table.ts'
import { type Screen, screen } from '../../../print/terminal.ts'
import { count, examples, open, type RunCommand } from '../../command.ts'

interface Flags {
  status?: string[]
  locked?: boolean
  mine?: boolean
  ready?: boolean
  blocked?: boolean
  priority?: string[]
  parent?: string
  repo?: string
  text?: string
  sort?: string
  limit?: string
  remote?: boolean
  open?: boolean
  label?: string[]
  columns?: string
  group?: string
}

export function configure(command: Command, run: RunCommand): void {
  command
    .option('--status <word...>', 'only items with this status; may be given more than once')
    .option('--all', 'closed items too; the default')
    .option('--open', 'only items that are not closed')
    .option('--locked', 'only items that a session holds')
    .option('--mine', 'only items that this session holds')
    .option('--ready', 'only items that wrk next could offer')
    .option('--blocked', 'only open items that wait for others, or whose status is blocked')
    .option('--priority <word...>', 'only items of this priority; may be given more than once')
    .option('--parent <id>', 'only items below this one, at any depth')
    .option('--repo <name>', 'only items for this repository')
    .option('--label <word...>', 'only items with one of these labels')
    .option('--text <text>', 'only items with this in id or title')
    .option('--sort <key>', `${SORT_KEYS.join(', ')}; urgency is the order of wrk next`)
    .option('--columns <names>', 'these columns, with commas: id,title,labels or any field')
    .option('--group <name>', 'in groups: by status, held_by, labels or any field')
    .option('--limit <n>', 'at most this many items')
    .option('--remote', 'in a coordinated queue: ask the engine who holds what in other clones')
  examples(
    command,
    `wrk list
     wrk list --status pending --status blocked
     wrk list --ready --sort urgency --limit 10
     wrk list --priority high --repo website --text login
     wrk list --open --group status --columns id,title,labels
     wrk list --locked --json
     wrk list --locked --remote            also what other clones hold, as it is now`,
  )
  command.action((flags: Flags) =>
    run(async globals => {
      const sort = SORT_KEYS.find(key => key === flags.sort)
      if (flags.sort !== undefined && !sort)
        throw new WrkError('USAGE', `--sort does not know "${printable(flags.sort, 40)}"`, {
          hint: `It knows ${SORT_KEYS.join(', ')}.`,
        })
      const limit = flags.limit === undefined ? undefined : count('--limit', flags.limit)
      const context = await open(globals)
      const view = await viewElsewhere(context, flags.remote)
      const { label, columns, group, open: onlyOpen } = flags
      const more = label || columns || group ? await import('../../../print/items/list-more.ts') : null
      const found = await list(context, {
        ...flags,
        sort,
        limit: label || onlyOpen ? undefined : limit,
        view,
      })
      const wanted = more ? await more.withLabel(context, found, label) : found
      const items = (onlyOpen ? wanted.filter(isOpen) : wanted).slice(0, limit)
      const shown = await more?.shownBy(context, items, { columns, group })
      const damaged = items.filter(isDamaged).length
      return {
        exitCode: EXIT.done,
        json: { ok: true, items, ...shown?.json, ...coordinationJson(view) },
        text: globals.json
          ? ''
          : items.length === 0
            ? 'No items.\n'
            : (shown?.text(all => describe(all, screen(context.env), context.clock())) ??
                describe(items, screen(context.env), context.clock())) +
              asLastSeen(view, 'wrk list --remote'),
        warnings: [
          ...(view?.warnings ?? []),
          ...(items.length === 0
            ? unknownWords(flags)
            : damaged > 0 && !globals.json
              ? [`${damaged} of ${items.length} items need a repair (marked !). What is wrong: wrk doctor`]
              : []),
        ],
      }
    }),
  )
}

const isOpen = ({ status, folder }: ListedItem): boolean => !isClosed(status ?? undefined, folder)

/** Words of filters that may be why nothing was found. */
function unknownWords({ status = [], priority = [] }: Flags): string[] {
  return [
    ...status.filter(word => !folderOf(word)).map(unknownStatus),
    ...priority.filter(word => knownRank(word) === null).map(unknownPriority),
  ]
}

function describe(items: readonly ListedItem[], terminal: Screen, now: Date): string {
  return table(terminal, [
    { title: 'ID', cells: items.map(({ id }) => id), isKey: true, longest: 60 },
    { title: 'STATUS', cells: items.map(({ status }) => status ?? '-'), longest: 40 },
    { title: 'PRIORITY', cells: items.map(({ priority }) => priority ?? '-'), longest: 20 },
    {
      title: 'HELD BY',
      cells: items.map(item => describeHolding(item, now)),
      styles: items.map(({ liveness, elsewhere }) =>
        styleOfLiveness(liveness ?? elsewhere?.liveness ?? null),
      ),
      longest: 200,
    },
    { title: 'TITLE', cells: items.map(describeTitle), longest: 200 },
  ])
}

function describeHolding({ locked_by, liveness, left_by, elsewhere, scope }: ListedItem, now: Date): string {
  if (locked_by)
    return `${printable(locked_by, 128)} (${liveness}${scope === 'local' ? ', this clone only' : ''})`
  if (elsewhere) return describeElsewhere(elsewhere, now, true)
  return left_by ? `left by ${printable(left_by, 128)}` : '-'
}

function describeTitle(item: ListedItem): string {
  const title = item.title || item.problems[0]?.message || ''
  return isDamaged(item) ? `! ${title}` : title
}

function isDamaged({ problems }: ListedItem): boolean {
  return problems.length > 0 && problems.some(({ blocks }) => blocks)
}
