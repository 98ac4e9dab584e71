import type { Command } from 'commander'
import { printable } from '../../../core/text.ts'
import { type SearchHit, search } from '../../../operations/items/queries/search.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { screen } from '../../../print/terminal.ts'
import { count, examples, open, type RunCommand } from '../../command.ts'

/** How many lines of one item are shown; `--json` has all. */
const SHOWN = 3

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<text...>', 'the text to find; upper and lower case are the same')
    .option('--limit <n>', 'at most this many items')
  examples(
    command,
    `wrk search session lock
     wrk search TODO --limit 20 --json`,
  )
  command.addHelpText(
    'after',
    '\nSearches the whole text of every item, open items first. Nothing found: exit code 1.',
  )
  command.action((words: string[], flags: { limit?: string }) =>
    run(async globals => {
      const limit = flags.limit === undefined ? undefined : count('--limit', flags.limit)
      const context = await open(globals)
      const { found: all, unread } = await search(context, words.join(' '))
      const found = all.slice(0, limit ?? all.length)
      const { width } = screen(context.env)
      const message = `no item contains "${printable(words.join(' '), 60)}"`
      return {
        exitCode: all.length > 0 ? EXIT.done : EXIT.notFound,
        json: {
          ok: all.length > 0,
          items: found.map(({ item: { id, title, status, path }, lines }) => ({
            id,
            title,
            status,
            path,
            lines,
          })),
          ...(all.length > 0 ? {} : { error: { code: 'NOT_FOUND', message, hint: null } }),
        },
        text: found.map(one => describe(one, words.join(' '), width)).join(''),
        warnings: unread.length > 0 ? [unreadWarning(unread)] : [],
        ...(all.length > 0 ? {} : { refusal: { message } }),
      }
    }),
  )
}

function unreadWarning(ids: readonly string[]): string {
  const [some, rest] = [ids.slice(0, SHOWN).join(', '), ids.length - SHOWN]
  return `not searched, because they cannot be read: ${some}${rest > 0 ? ` and ${rest} more` : ''}. Why: wrk doctor`
}

function describe({ item, lines }: SearchHit, wanted: string, width: number): string {
  const most = Number.isFinite(width) ? SHOWN : lines.length
  const shown = lines.slice(0, most).map(({ line, text }) => {
    const number = `  ${line}: `
    return `${number}${around(text.trim(), wanted.trim(), width - number.length)}`
  })
  if (lines.length > most) shown.push(`  … and ${lines.length - most} more lines`)
  return [`${item.id}  ${item.title} (${item.status ?? 'no status'})`, ...shown]
    .map(line => `${printable(line, width)}\n`)
    .join('')
}

/** Of a long line the part that holds what was looked for. */
function around(text: string, wanted: string, width: number): string {
  const at = text.toLowerCase().indexOf(wanted.toLowerCase())
  if (at + wanted.length < width) return text
  return `…${text.slice(Math.max(0, at - Math.max(0, Math.floor((width - wanted.length) / 2))))}`
}
