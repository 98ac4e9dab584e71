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
     while sleep 300; do wrk heartbeat || break; done &     beside a long job`,
  )
  command.addHelpText(
    'after',
    '\nKeeps this session’s locks from running out. Exit code 4: an item that it claimed was taken over;\n2: the session has ended, and a heartbeat does not bring it back. It warns of an item whose lock was taken out of its\nfile (git stash, git checkout of an older version, an editor).',
  )
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const result = await heartbeat(context)
      const { session, heartbeat_at, ended_at, superseded, dropped } = result
      const warnings = dropped.map(
        id =>
          `${id} is still held by this session, but git or an editor took its lock out of the file. To show it there again: wrk doctor --fix`,
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
            `${session.id} is alive at ${heartbeat_at}\n`,
            context.clock,
          ),
          warnings,
        }
      const message = superseded.map(describeLoss).join('; ')
      const hint = `Stop working on it; wrk release ${first.id} puts an end to this message.`
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
    ? `Session ${session.id} is over: ${rest.gone}; its items are free for others.`
    : `Session ${session.id} ended at ${rest.ended_at}; a heartbeat does not bring it back.`
  const hint = rest.gone
    ? `Stop this process, or go on: wrk session start --provider NAME --session-id ${session.id}`
    : 'Stop what sends heartbeats. To go on in this session: wrk next --claim'
  return {
    exitCode: EXIT.usage,
    json: { ok: false, error: { code: 'NO_SESSION', message, hint }, session, ...rest },
    refusal: { message, hint },
  }
}
