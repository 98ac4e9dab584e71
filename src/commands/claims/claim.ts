import type { Command } from 'commander'
import { printable } from '../../core/text.ts'
import { type ClaimedItem, claim } from '../../operations/claims/claim.ts'
import type { Context } from '../../operations/context.ts'
import { refusedClaim } from '../../print/claims/refusal.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { localTimesOn } from '../../print/local-time.ts'
import type { Outcome } from '../../print/outcome.ts'
import { screen } from '../../print/terminal.ts'
import { DEFAULT_WAIT, duration, examples, forced, open, type RunCommand } from '../command.ts'

interface Flags {
  ttl?: string
  wait?: string | true
  force?: boolean
  reason?: string
  runId?: string
  local?: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item: WRK-157, 157, workspace-hub#1311')
    .option(
      '--ttl <time>',
      'judge the present holder by this TTL in place of the queue’s: one that was silent for so long gives way, alive or not (not under takeover: dead-only). The claim itself lives as long as any',
    )
    .option('--wait [time]', `wait for a held item (${DEFAULT_WAIT} unless given)`)
    .option('--force', 'take it whoever holds it, or although it is closed; needs --reason')
    .option('--reason <text>', 'why, for the event log')
    .option('--local', 'in a coordinated queue: claim it in this clone only, without asking others')
    .option('--run-id <id>', 'name this run; a release that names a run must name the same')
  examples(
    command,
    `wrk claim WRK-157
     wrk claim 157 --wait 5m
     wrk claim WRK-157 --json
     wrk claim WRK-157 --agent helper-2        one of several helpers within a session`,
  )
  command.addHelpText(
    'after',
    '\nExit code 0: it is yours; 1: there is no such item; 2: usage, or no session; 4: another session holds it, or\nanother helper or run of yours; 5: it is closed, unreadable or ambiguous. See also: wrk help exit-codes',
  )
  command.action((id: string, flags: Flags) =>
    run(async globals => {
      const waitMs =
        flags.wait === undefined
          ? undefined
          : duration('--wait', flags.wait === true ? DEFAULT_WAIT : flags.wait)
      const ttlMs = flags.ttl === undefined ? undefined : duration('--ttl', flags.ttl)
      const force = forced(flags)
      const context = await open(globals)
      const result = await claim(context, id, {
        ttlMs,
        waitMs,
        force,
        runId: flags.runId,
        local: flags.local,
      })
      return result.kind === 'held' ? refusedClaim(result, context.clock()) : granted(result, context)
    }),
  )
}

function granted(
  { kind, item, lock, from, session, coordination, warnings }: ClaimedItem,
  { env, clock }: Context,
): Outcome {
  const until = localTimesOn(screen(env), lock.expires_at, clock)
  const title = item.title ? `  ${printable(item.title)}` : ''
  const verb = { granted: 'Claimed', renewed: 'Renewed', takenOver: 'Took over' }[kind]
  const taking = from
    ? [
        `took over ${item.id} from ${printable(from.locked_by, 128)} (held since ${from.locked_at ?? 'an unreadable time'}): ${from.reason}`,
      ]
    : []
  return {
    exitCode: EXIT.done,
    json: { ok: true, kind, item, lock, from, session, ...(coordination ? { coordination } : {}) },
    text: `${verb} ${item.id}${title}\nheld by ${lock.locked_by} until ${until}; each wrk call extends it\n`,
    warnings: [...taking, ...warnings],
  }
}
