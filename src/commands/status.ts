import type { Command } from 'commander'
import { printable } from '../core/ids.ts'
import { type HeldItem, type QueueStatus, type SessionStatus, status } from '../operations/status.ts'
import { relative, styleOfLiveness } from '../print/describe.ts'
import { EXIT } from '../print/exit-codes.ts'
import { paint, type Screen, screen } from '../print/terminal.ts'
import { examples, open, type Run } from './command.ts'

export function configure(command: Command, run: Run): void {
  examples(
    command,
    `wrk status
     wrk status --json`,
  )
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const { warnings, ...found } = await status(context)
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...found },
        text: globals.json ? '' : describeStatus(found, screen(context.env), context.clock()),
        warnings,
      }
    }),
  )
}

/** Sessions with their items; those that ended or died and hold nothing are only counted. */
export function describeStatus(
  { sessions, orphans }: Omit<QueueStatus, 'warnings'>,
  terminal: Screen,
  now: Date,
): string {
  const shown = sessions.filter(({ items, liveness }) => items.length > 0 || liveness !== 'dead')
  const lines = shown.flatMap(session => describeSession(session, terminal, now))
  if (orphans.length > 0) {
    lines.push(paint(terminal, 'bold', 'Held by sessions that are not listed'))
    for (const item of orphans)
      lines.push(
        `${describeItem(item, terminal, now)}  by ${printable(item.locked_by, 128)}: ${printable(item.reason)}`,
      )
  }
  const hidden = sessions.length - shown.length
  if (hidden > 0) lines.push(paint(terminal, 'dim', `${hidden} ended or dead sessions hold nothing`))
  return lines.length === 0 ? 'Nobody is at work.\n' : `${lines.join('\n')}\n`
}

export function describeSession(session: SessionStatus, terminal: Screen, now: Date): string[] {
  const name = paint(terminal, 'bold', printable(session.session_id, 128))
  const verdict = paint(terminal, styleOfLiveness(session.liveness), session.liveness)
  const seen = session.heartbeat_at ? `, last seen ${relative(session.heartbeat_at, now)}` : ''
  const head = `${name}${session.mine ? ' (this session)' : ''}  ${verdict}: ${printable(session.reason)}${seen}`
  return [head, ...session.items.map(item => describeItem(item, terminal, now))]
}

function describeItem({ id, title, locked_at, liveness }: HeldItem, terminal: Screen, now: Date): string {
  const mark =
    liveness === 'dead' || liveness === 'stale'
      ? paint(terminal, styleOfLiveness(liveness), ` [${liveness}]`)
      : ''
  return `  ${printable(id, 60)}${mark}  ${printable(title, 60)}  (since ${relative(locked_at, now)})`
}
