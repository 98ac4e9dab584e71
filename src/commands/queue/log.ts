import type { Command } from 'commander'
import type { LogEvent } from '../../core/log/event.ts'
import { printable } from '../../core/text.ts'
import { log } from '../../operations/queue/log.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { localTimesOn } from '../../print/local-time.ts'
import { paint, type Screen, type Style, screen } from '../../print/terminal.ts'
import { count, examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.argument('[id]', 'only events of this item').option('-n, --last <count>', 'only the last n events')
  examples(
    command,
    `wrk log -n 20
     wrk log WRK-157 --json`,
  )
  command.addHelpText(
    'after',
    '\nShows every change of an item by wrk, session locks claimed and released, sessions\nstarted and ended, and refusals of release, execute, review and lock release. Not\nlogged: renewals, session set and index --write.',
  )
  command.action((id: string | undefined, { last }: { last?: string }) =>
    run(async globals => {
      const most = last === undefined ? undefined : count('-n', last)
      const context = await open(globals)
      const events = await log(context, { id, last: most })
      return {
        exitCode: EXIT.done,
        json: { ok: true, events },
        text:
          events.length === 0
            ? 'No events.\n'
            : localTimesOn(
                screen(context.env),
                events.map(event => describe(event, screen(context.env))).join(''),
                context.clock,
              ),
      }
    }),
  )
}

const STYLES: Partial<Record<LogEvent['type'], Style>> = { takenOver: 'yellow', refused: 'red' }

function describe(
  { seq, time, type, item, session, previous_holder, reason, forced }: LogEvent,
  terminal: Screen,
): string {
  const style = forced ? 'red' : (STYLES[type] ?? null)
  const parts = [
    String(seq).padStart(5),
    printable(time, 40),
    paint(terminal, style, printable(`${type}${forced ? ' (forced)' : ''}`, 40).padEnd(14)),
    printable(item ?? '-', 60),
    session ? `by ${printable(session, 128)}` : '(no session)',
    previous_holder && previous_holder !== session ? `held by ${printable(previous_holder, 128)}` : '',
    printable(reason ?? ''),
  ]
  return `${parts.filter(Boolean).join('  ')}\n`
}
