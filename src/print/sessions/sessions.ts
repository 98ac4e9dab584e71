/** Sessions and what they hold, for people. */
import { printable } from '../../core/text.ts'
import type { SessionLabel } from '../../operations/sessions/session-labels.ts'
import type { HeldItem, QueueStatus, SessionStatus } from '../../operations/sessions/status.ts'
import { describeElsewhere, relative, styleOfLiveness } from '../claims/describe.ts'
import { paint, type Screen } from '../terminal.ts'

/** Sessions with their items; those that ended or died and hold nothing are only counted. */
export function describeStatus(
  { sessions, orphans, left, elsewhere = [] }: Omit<QueueStatus, 'warnings'>,
  terminal: Screen,
  now: Date,
  labels?: ReadonlyMap<string, SessionLabel>,
): string {
  const shown = sessions.filter(({ items, liveness }) => items.length > 0 || liveness !== 'dead')
  const lines = shown.flatMap(session =>
    describeSession(session, terminal, now, labels?.get(session.session_id)),
  )
  if (orphans.length > 0) {
    lines.push(paint(terminal, 'bold', 'Held by unknown sessions'))
    for (const item of orphans)
      lines.push(
        `${describeItem(item, terminal, now)}  by ${printable(item.locked_by, 128)}: ${printable(item.reason)}`,
      )
  }
  if (elsewhere.length > 0) {
    lines.push(paint(terminal, 'bold', 'Held in other clones'))
    for (const item of elsewhere)
      lines.push(
        `  ${printable(item.id, 60)}  ${item.title ? `${printable(item.title, 60)}  ` : ''}${describeElsewhere(item, now)}`,
      )
  }
  if (left.length > 0) {
    lines.push(paint(terminal, 'bold', 'Begun and left (wrk next offers these first)'))
    for (const { id, title, left_by, left_at } of left) {
      const when = left_at ? `, ${relative(left_at, now)}` : ''
      lines.push(
        `  ${printable(id, 60)}  ${printable(title, 60)}  (left by ${printable(left_by, 128)}${when})`,
      )
    }
  }
  const hidden = sessions.length - shown.length
  if (hidden > 0)
    lines.push(
      paint(
        terminal,
        'dim',
        `${hidden} ended or dead ${hidden === 1 ? 'session holds' : 'sessions hold'} nothing`,
      ),
    )
  return lines.length === 0 ? 'No session is at work.\n' : `${lines.join('\n')}\n`
}

export function describeSession(
  session: SessionStatus,
  terminal: Screen,
  now: Date,
  label?: SessionLabel,
): string[] {
  const name = paint(terminal, 'bold', printable(session.session_id, 128))
  const verdict = paint(terminal, styleOfLiveness(session.liveness), session.liveness)
  const seen = session.heartbeat_at ? `, last seen ${relative(session.heartbeat_at, now)}` : ''
  const called = label?.name ? ` "${printable(label.name, 60)}"` : ''
  const place = label ? [label.tty, label.pane && `tmux ${label.pane}`].filter(Boolean).join(', ') : ''
  const where = place ? `, on ${place}` : ''
  const head = `${name}${called}${session.mine ? ' (you)' : ''}  ${verdict}: ${printable(session.reason)}${where}${seen}`
  return [head, ...session.items.map(item => describeItem(item, terminal, now))]
}

function describeItem(
  { id, title, locked_at, liveness, scope }: HeldItem,
  terminal: Screen,
  now: Date,
): string {
  const mark =
    liveness === 'dead' || liveness === 'stale'
      ? paint(terminal, styleOfLiveness(liveness), ` [${liveness}]`)
      : ''
  return `  ${printable(id, 60)}${mark}  ${printable(title, 60)}  (since ${relative(locked_at, now)}${scope === 'local' ? '; in this clone only' : ''})`
}
