/**
 * INDEX.md: the queue at a glance, for people who read it on a code host. A projection of the items and nothing else:
 * no times and no locks, so that the same items always give the same text.
 */

import { compareKeys } from '../../core/items/ids.ts'
import { priorityRank } from '../../core/items/priority.ts'
import { statusWord } from '../../core/items/status.ts'
import { printable } from '../../core/text.ts'
import type { QueueItem } from '../../operations/items/queries/candidates.ts'
import { INDEX_MARK } from '../../operations/items/queries/index-file.ts'

export function indexPage(items: readonly QueueItem[]): string {
  const sorted = [...items].sort(byId)
  const open = sorted.filter(({ closed }) => !closed)
  const sections = [
    INDEX_MARK,
    '# Work queue',
    `${open.length} open of ${items.length} items.`,
    counts('By status', sorted, item => [statusOf(item)]),
    counts('By priority', open, ({ priority }) => [priority?.toLowerCase() ?? 'none']),
    counts('By repository', open, ({ details }) => (details.repos.length > 0 ? details.repos : ['none'])),
    '## Open items',
    rows(open.sort((a, b) => priorityRank(a.priority) - priorityRank(b.priority) || byId(a, b))),
    '## Closed items',
    rows(sorted.filter(({ closed }) => closed)),
  ]
  return `${sections.filter(section => section !== '').join('\n\n')}\n`
}

function statusOf({ status, folder }: QueueItem): string {
  return status === null ? folder || 'none' : statusWord(status)
}

/** By prefix, then by number; of one id in several places, by path. */
function byId(a: QueueItem, b: QueueItem): number {
  return compareKeys(a.key, b.key) || compare(a.path, b.path)
}

/** By code units, since the order must not depend on where it is made. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function counts(
  title: string,
  items: readonly QueueItem[],
  wordsOf: (item: QueueItem) => readonly string[],
): string {
  const numbers = new Map<string, number>()
  for (const item of items) for (const word of wordsOf(item)) numbers.set(word, (numbers.get(word) ?? 0) + 1)
  if (numbers.size === 0) return ''
  const lines = [...numbers]
    .sort(([a, m], [b, n]) => n - m || compare(a, b))
    .map(([word, number]) => `| ${cell(word)} | ${number} |`)
  return [`## ${title}`, '', '| | items |', '|---|---:|', ...lines].join('\n')
}

function rows(items: readonly QueueItem[]): string {
  if (items.length === 0) return 'None.'
  const lines = items.map(item => {
    const { id, title, priority, folder, path, details } = item
    const file = path.slice(path.lastIndexOf('/') + 1)
    const link = (folder === '' ? file : `${folder}/${file}`).split('/').map(encoded).join('/')
    const waits = details.blockedBy.map(({ text }) => text).join(', ')
    return `| [${cell(id)}](${link}) | ${cell(title || damage(item))} | ${cell(statusOf(item))} | ${cell(priority ?? '')} | ${cell(waits)} |`
  })
  return ['| item | title | status | priority | waits for |', '|---|---|---|---|---|', ...lines].join('\n')
}

/** What is wrong with a file that has no title to show. */
function damage({ problems }: QueueItem): string {
  const problem = problems.find(({ blocks }) => blocks)
  return problem ? `! ${problem.message}` : ''
}

/** A name within a link: nothing in it may end the link or the cell. */
function encoded(name: string): string {
  return encodeURIComponent(name).replace(/[()*!']/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' }

/** Text within a table of markdown: nothing in it may end the cell or begin markup of its own. */
function cell(text: string): string {
  return printable(text, 300).replace(/[|\\<>&[\]`*_~]/g, c => ENTITIES[c] ?? `\\${c}`)
}
