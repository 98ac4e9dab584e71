import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { printable } from '../../core/text.ts'
import { parseDuration, parseInstant } from '../../core/time.ts'
import { stats } from '../../operations/queue/stats.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { describeStats } from '../../print/queue/stats.ts'
import { screen } from '../../print/terminal.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.option('--since <time>', 'only this long ago (30d, 12h), or since a day (2026-02-01)')
  examples(
    command,
    `wrk stats
     wrk stats --since 30d
     wrk stats --since 2026-02-01 --json`,
  )
  command.addHelpText(
    'after',
    '\nFrom the event log, as far back as it is kept. MEDIAN is the time from the claim to\ndone of half of the items; a claim that was released or blocked does not count. TOOK\nand LOST are takeovers. Claims that were refused are not logged; refused releases,\nruns and reviews are. Helpers count for their session.',
  )
  command.action(({ since }: { since?: string }) =>
    run(async globals => {
      const context = await open(globals)
      const found = await stats(context, since === undefined ? null : startOf(since, context.clock()))
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...found },
        text: globals.json ? '' : describeStats(found, screen(context.env)),
      }
    }),
  )
}

/** @throws WrkError USAGE */
function startOf(text: string, now: Date): Date {
  const ago = parseDuration(text)
  if (ago !== null) return new Date(now.getTime() - ago)
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00`) : parseInstant(text)
  if (day && !Number.isNaN(day.getTime())) return day
  throw new WrkError('USAGE', `--since must be a length of time or a day, not "${printable(text, 40)}"`, {
    hint: 'Write 30d, 12h or 2026-02-01.',
  })
}
