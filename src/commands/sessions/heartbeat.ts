import type { Command } from 'commander'
import { describeLoss } from '../../operations/claims/lost-claims.ts'
import { type HeartbeatResult, heartbeat } from '../../operations/sessions/heartbeat.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { localTimesOn } from '../../print/local-time.ts'
import type { Outcome } from '../../print/outcome.ts'
import { screen } from '../../print/terminal.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  examples(
    command,
    `wrk heartbeat
     while sleep 300; do wrk heartbeat || break; done &     during a long job`,
  )
  command.addHelpText(
    'after',
    '\nKeeps the claims of this session from expiring. Exit code 4: an item that it claimed\nwas taken over; 2: the session has ended, and a heartbeat cannot revive it. Warns\nif git or an editor removed the lock from an item’s file.',
  )
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const result = await heartbeat(context)
      const { session, heartbeat_at, ended_at, superseded, dropped } = result
      const warnings = dropped.map(
        id =>
          `${id} is still yours, but git or an editor removed its lock from the file. Write it again: wrk doctor --fix`,
      )
      warnings.push(...result.warnings)
      const [first] = superseded
      if (!first && (ended_at || result.gone)) return hasEnded(result)
      if (!first)
        return {
          exitCode: EXIT.done,
          json: { ok: true, session, heartbeat_at, superseded, dropped },
          text: localTimesOn(
            screen(context.env),
            `Heartbeat of ${session.id} at ${heartbeat_at}\n`,
            context.clock,
          ),
          warnings,
        }
      const message = superseded.map(describeLoss).join('; ')
      const hint = `Stop working on it, then: wrk release ${first.id}`
      return {
        exitCode: EXIT.held,
        json: {
          ok: false,
          error: { code: 'LOCKED', message, hint },
          session,
          heartbeat_at,
          ended_at,
          superseded,
          dropped,
        },
        refusal: { message, hint },
        warnings,
      }
    }),
  )
}

function hasEnded({ session, warnings: _, ...rest }: HeartbeatResult): Outcome {
  const message = rest.gone
    ? `session ${session.id} has ended: ${rest.gone}; others may take its items`
    : `session ${session.id} ended at ${rest.ended_at}; a heartbeat cannot revive it`
  const hint = rest.gone
    ? `Stop this process, or start the session again: wrk session start --provider NAME --session-id ${session.id}`
    : 'Stop what sends the heartbeats, or go on in this session: wrk next --claim'
  return {
    exitCode: EXIT.usage,
    json: { ok: false, error: { code: 'NO_SESSION', message, hint }, session, ...rest },
    refusal: { message, hint },
  }
}
