/** An item's history, a line for each step. */
import { printable } from '../../core/text.ts'
import type { HistoryEntry } from '../../operations/commits/history.ts'

const VERBS: Readonly<Record<string, string>> = {
  granted: 'claimed',
  renewed: 'claim renewed',
  takenOver: 'taken over',
  released: 'released',
  refused: 'refused',
  created: 'created',
  started: 'started',
  blocked: 'blocked',
  unblocked: 'unblocked',
  finished: 'done',
  cancelled: 'cancelled',
  reopened: 'reopened',
  changed: 'changed',
  archived: 'archived',
  moved: 'moved',
}

/** `2026-02-16 19:30  claimed by claude-x`; times in the terminal's zone. */
export function historyLine(entry: HistoryEntry): string {
  const what = entry.source === 'log' ? eventText(entry) : commitText(entry)
  return `${local(entry.time)}  ${what}\n`
}

function eventText(event: Extract<HistoryEntry, { source: 'log' }>): string {
  const { type, session, previous_holder, reason, forced } = event
  const by = session ? ` by ${printable(session, 128)}` : ''
  const from =
    previous_holder && previous_holder !== session ? ` from ${printable(previous_holder, 128)}` : ''
  const why = reason ? ` (${printable(reason, 200)})` : ''
  return `${VERBS[type] ?? printable(type, 40)}${forced ? ' by force' : ''}${by}${from}${why}`
}

function commitText({
  commit,
  author,
  subject,
  ...change
}: Extract<HistoryEntry, { source: 'git' }>): string {
  return `commit ${commit.slice(0, 8)} ${changeText(change)}: ${printable(subject, 100)} (${printable(author, 60)})`
}

function changeText({
  what,
  from,
  to,
  fields,
  body,
}: Pick<Extract<HistoryEntry, { source: 'git' }>, 'what' | 'from' | 'to' | 'fields' | 'body'>): string {
  const folder = (path: string | null) => `${path?.slice(0, path.lastIndexOf('/') + 1) || './'}`
  const shown = (path: string | null) => printable(path ?? '', 200)
  if (what === 'added') return `added ${shown(to)}`
  if (what === 'removed') return `removed ${shown(from)}`
  const moved = what === 'moved' ? [`${shown(folder(from))} -> ${shown(folder(to))}`] : []
  const status = fields.find(({ key }) => key === 'status')
  const other = fields.filter(field => field !== status).map(({ key }) => printable(key, 40))
  const parts = [
    ...moved,
    ...(status
      ? [`status ${printable(status.from ?? 'none', 40)} -> ${printable(status.to ?? 'none', 40)}`]
      : []),
    ...(other.length > 0 ? [other.join(', ')] : []),
    ...(body ? ['text'] : []),
  ]
  return parts.join('; ') || 'form'
}

function local(time: string): string {
  const at = new Date(time)
  if (Number.isNaN(at.getTime())) return printable(time, 40)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`
}
