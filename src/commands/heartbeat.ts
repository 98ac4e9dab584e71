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
    '\nKeeps this session’s locks from running out. Exit code 4: an item that it claimed was taken over.',
  )
  command.action(() =>
    run(async globals => {
      const { session, heartbeat_at, superseded } = await heartbeat(await open(globals))
      const [first] = superseded
      if (!first)
        return {
          exitCode: EXIT.done,
          json: { ok: true, session, heartbeat_at, superseded },
          text: `${session.id} is alive at ${heartbeat_at}\n`,
        }
      const message = superseded.map(describeLoss).join('; ')
      const hint = `Stop working on it; wrk release ${first.id} puts an end to this message.`
      return {
        exitCode: EXIT.held,
        json: { ok: false, error: { code: 'LOCKED', message, hint }, session, heartbeat_at, superseded },
        refusal: { message, hint },
      }
    }),
  )
}
