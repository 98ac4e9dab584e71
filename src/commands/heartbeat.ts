import type { Command } from 'commander'
import { heartbeat } from '../operations/heartbeat.ts'
import { describeLoss } from '../operations/records.ts'
import { EXIT } from '../print/exit-codes.ts'
import { examples, open, type Run } from './command.ts'

export function configure(command: Command, run: Run): void {
  examples(
    command,
    `wrk heartbeat
     while sleep 300; do wrk heartbeat || break; done &     beside a long job`,
  )
  command.addHelpText(
    'after',
    '\nKeeps this session’s locks from running out. Exit code 4: an item that it claimed was taken over. It\nwarns of an item whose lock was taken out of its file (git stash, git checkout of an older version, an editor).',
  )
  command.action(() =>
    run(async globals => {
      const { session, heartbeat_at, superseded, dropped } = await heartbeat(await open(globals))
      const warnings = dropped.map(
        id =>
          `${id} is this session’s by its record, but the file names no holder: git or an editor put an older version back. To hold it again: wrk claim ${id}`,
      )
      const [first] = superseded
      if (!first)
        return {
          exitCode: EXIT.done,
          json: { ok: true, session, heartbeat_at, superseded, dropped },
          text: `${session.id} is alive at ${heartbeat_at}\n`,
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
          superseded,
          dropped,
        },
        refusal: { message, hint },
        warnings,
      }
    }),
  )
}
