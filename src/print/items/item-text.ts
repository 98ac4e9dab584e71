/** One item for people: its fields line by line, and its body as it is written. */
import type { LeftWork } from '../../core/items/next.ts'
import { printable } from '../../core/text.ts'
import type { Blocker, ShownItem } from '../../operations/items/show.ts'
import { describeElsewhere, evidenceOf, relative } from '../claims/describe.ts'

/** Fields that other lines show. */
const SHOWN_APART = ['locked_by', 'locked_at', 'id', 'title']

/** A name and its value. */
export type Row = [name: string, text: string]

/**
 * The id and title, and a line for each field, for the lock, for each problem, and for what else there is.
 * @param inTime puts local times into wrk's own sentences; the item's fields stay as they are
 */
export function itemLines(
  shown: ShownItem,
  now: Date,
  more: readonly Row[] = [],
  inTime: (text: string) => string = text => text,
): string[] {
  const { item, fields, waits_for, lock, holder, left, problems } = shown
  const rows: Row[] = [['file', item.path]]
  for (const [key, value] of Object.entries(fields))
    if (!SHOWN_APART.includes(key)) rows.push([key, inline(value)])
  for (const blocker of waits_for) rows.push(['waits for', describeBlocker(blocker)])
  // An item that cannot be read is never called free.
  const isElsewhere = shown.elsewhere?.state === 'held' || shown.elsewhere?.state === 'unreadable'
  const free = isElsewhere ? 'not held in this clone' : 'free'
  const unlocked = problems.some(({ blocks }) => blocks) ? 'unknown: repair the file first' : free
  const evidence = lock && holder ? evidenceOf(holder, now) : null
  rows.push(['lock', evidence ? inTime(evidence.holder) : unlocked])
  if (evidence) rows.push(['since', inTime(evidence.since)])
  if (shown.scope === 'local') rows.push(['scope', `this clone only; publish it: wrk claim ${item.id}`])
  if (shown.elsewhere) rows.push(['elsewhere', describeElsewhere(shown.elsewhere, now)])
  if (left) rows.push(['left', inTime(describeLeft(left, now))])
  for (const { line, column, message } of problems)
    rows.push(['problem', line > 0 ? `line ${line}, column ${column}: ${message}` : message])
  rows.push(...more)
  const width = Math.min(24, Math.max(...rows.map(([key]) => key.length)))
  const heading = `${item.id}${item.title ? `  ${item.title}` : ''}`
  return [heading, ...rows.map(([key, value]) => `  ${printable(key, 60).padEnd(width)}  ${value}`)].map(
    line => printable(line, 2000),
  )
}

/** Who began the item, and when and why that session left it. */
function describeLeft({ by, at, why }: LeftWork, now: Date): string {
  const since = at === null ? '' : ` (${relative(at, now)})`
  return `begun and left by ${printable(by, 128)}${since}${why === null ? '' : `: ${printable(why)}`}`
}

export function describeBlocker({ id, title, status, closed }: Blocker): string {
  if (closed === null) return `${id} (not in the queue)`
  const state = status ?? (closed ? 'closed' : 'no status')
  return `${id}${title ? `  ${title}` : ''} (${state})`
}

/** The whole item where it is piped to: the body follows the fields as it is, but for what a terminal might obey. */
export function itemText(shown: ShownItem, now: Date): string {
  const body = shown.body?.trim() ? `\n${printableLines(shown.body)}` : ''
  return `${itemLines(shown, now).join('\n')}\n${body}`
}

/** Of a text the lines without blank ones around them; tabs stay. */
export function printableLines(text: string): string {
  const lines = text
    .replace(/^(?:[ \t]*\r?\n)+/, '')
    .trimEnd()
    .split(/\r?\n/)
  const clean = (part: string) => printable(part, Number.POSITIVE_INFINITY)
  return lines.map(line => `${line.split('\t').map(clean).join('\t')}\n`).join('')
}

function inline(value: unknown): string {
  if (value === null || value === '') return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(inline).join(', ')
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
    .trim()
    .replace(/\s*\n\s*/g, ' / ')
}
