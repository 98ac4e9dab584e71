import type { Command } from 'commander'
import itemTemplate from '../../../templates/item.md'
import { WrkError } from '../../core/errors.ts'
import { printable } from '../../core/text.ts'
import { type ClaimedItem, claim } from '../../operations/claims/claim.ts'
import { requireSession } from '../../operations/claims/held-items.ts'
import type { Context } from '../../operations/context.ts'
import { edit, editorOf } from '../../operations/items/edit/editor.ts'
import {
  COMPLEXITIES,
  checkedTitle,
  type MadeItem,
  type NewItem,
  newItem,
  PRIORITIES,
} from '../../operations/items/new.ts'
import { readInput, readSource, readTitles } from '../../operations/items/new-input.ts'
import { describeHolder } from '../../print/claims/describe.ts'
import { EXIT } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { collect, examples, open, type RunCommand } from '../command.ts'

interface Flags {
  priority?: string
  complexity?: string
  blockedBy?: string[]
  parent?: string
  label?: string[]
  repo?: string[]
  body?: string
  criteria?: string[]
  from?: string
  claim?: boolean
  edit?: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('[title...]', 'what is to be done, in one line; - reads titles from stdin, one a line')
    .option('-b, --body <text>', 'its text, in place of that of the template; - reads it from stdin')
    .option('-p, --priority <word>', PRIORITIES.join(', '))
    .option('--complexity <word>', COMPLEXITIES.join(', '))
    .option('-l, --label <text>', 'a label, or several with commas; may be given several times', collect)
    .option('-r, --repo <name>', 'a repository that it is about; may be given several times', collect)
    .option('--criteria <text...>', 'what has to be true when it is done, as boxes; one or several')
    .option('--blocked-by <id>', 'an item that has to be done first; may be given several times', collect)
    .option('--parent <id>', 'the item that it belongs to')
    .option('-f, --from <file>', 'make it from this markdown file, its fields and text; - reads stdin')
    .option('--claim', 'claim it at once')
    .option('-e, --edit', 'open it in your editor')
  examples(
    command,
    `wrk new "Tide table import" -p high -l data --claim
     wrk new Replace the buoy driver --blocked-by 157 --blocked-by 161
     wrk new "Mooring planner" --parent WRK-26 --edit
     wrk new "Fix the login" --criteria "old sessions end" "a test shows it"
     git log -1 --format=%b | wrk new "Follow up" --body -
     wrk new --from notes/idea.md
     wrk new - < titles.txt`,
  )
  command.addHelpText(
    'after',
    '\nMade from templates/item.md of the queue, in pending/. No item ever had its id, in\nany folder or in git’s history of the queue. id_prefix and id_ranges (a range for\neach machine) are in wrk.yaml. --from takes the title from the file where none is\ngiven: its field title, else its first heading. Of several titles all are checked\nbefore the first item is made.',
  )
  command.action((words: string[], flags: Flags) =>
    run(async globals => {
      checkSources(words, flags)
      const context = await open(globals)
      const editor = flags.edit ? editorOf(context) : null
      if (flags.claim) await requireSession(context)
      const wanted = await wantedBy(flags)
      const titles = isStdin(words) ? (await readTitles()).map(checkedTitle) : [words.join(' ')]
      const made: Made[] = []
      for (const title of titles) {
        const one = await newItem(context, { ...wanted, title: title || undefined })
        const claimed = flags.claim ? await claim(context, one.item.id) : null
        if (claimed?.kind === 'held')
          one.warnings.push(`${one.item.id} is ${describeHolder(claimed.holder, context.clock())}`)
        made.push({ ...one, claimed: claimed?.kind === 'held' ? null : claimed })
      }
      if (editor) await editAll(context, editor, made, globals.json)
      return outcome(made, isStdin(words), flags.claim ?? false)
    }),
  )
}

type Made = MadeItem & { claimed: ClaimedItem | null }

const isStdin = (words: readonly string[]): boolean => words.length === 1 && words[0] === '-'

/** @throws WrkError USAGE where nothing says what to make, or two options say it */
function checkSources(words: readonly string[], { body, from, edit: isEdited }: Flags): void {
  if (words.length === 0 && from === undefined)
    throw new WrkError('USAGE', 'missing argument: wrk new <title>', { hint: 'See: wrk new --help' })
  if (body !== undefined && from !== undefined)
    throw new WrkError('USAGE', '--body and --from exclude each other')
  const readers = [isStdin(words) && 'titles', body === '-' && '--body', from === '-' && '--from'].filter(
    Boolean,
  )
  if (readers.length > 1) throw new WrkError('USAGE', `stdin cannot hold both ${readers.join(' and ')}`)
  if (isEdited && readers.length > 0)
    throw new WrkError('USAGE', '--edit needs the terminal; stdin is read for the item', {
      hint: 'Edit it afterwards: wrk edit ID',
    })
}

async function wantedBy(flags: Flags): Promise<Omit<NewItem, 'title'>> {
  const { body, from, label = [] } = flags
  return {
    priority: flags.priority,
    complexity: flags.complexity,
    blockedBy: flags.blockedBy,
    parent: flags.parent,
    labels: [...new Set(label.flatMap(text => text.split(',')).map(text => text.trim()))],
    repos: flags.repo,
    criteria: flags.criteria,
    body: body === undefined ? undefined : body === '-' ? await readInput() : Buffer.from(body),
    from: from === undefined ? undefined : await readSource(from),
    template: itemTemplate,
  }
}

async function editAll(
  context: Context,
  editor: readonly string[],
  made: readonly Made[],
  json: boolean | undefined,
): Promise<void> {
  for (const { item, warnings } of made) {
    const problem = await edit(context, editor, item.path, json ? 'stderr' : 'inherit').then(
      code => (code === 0 ? null : `the editor ended with ${code}`),
      (error: unknown) => {
        if (error instanceof WrkError) return error.message
        throw error
      },
    )
    if (problem !== null) warnings.push(`${problem}; the item is there all the same`)
  }
}

function outcome(made: readonly Made[], areSeveral: boolean, isClaimed: boolean): Outcome {
  const lockOf = ({ claimed }: Made) => (isClaimed ? { lock: claimed?.lock ?? null } : {})
  const lines = made.map(({ item, claimed }) => {
    const what = claimed ? 'Created and claimed' : 'Created'
    return areSeveral
      ? `${what} ${item.id}  ${printable(item.title)}\n`
      : `${what} ${item.id}  ${item.path}\nNext: wrk start ${item.id}\n`
  })
  return {
    // Another may have been faster.
    exitCode: isClaimed && made.some(({ claimed }) => claimed === null) ? EXIT.held : EXIT.done,
    json: areSeveral
      ? { ok: true, items: made.map(one => ({ ...one.item, ...lockOf(one) })) }
      : { ok: true, item: made[0]!.item, ...lockOf(made[0]!) },
    text: lines.join(''),
    warnings: made.flatMap(({ warnings, claimed }) => [...warnings, ...(claimed?.warnings ?? [])]),
  }
}
