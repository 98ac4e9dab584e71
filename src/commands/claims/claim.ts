import type { Command } from 'commander'
import { isPending } from '../../core/items/status.ts'
import { printable } from '../../core/text.ts'
import { humanDuration } from '../../core/time.ts'
import { type ClaimedItem, claim } from '../../operations/claims/claim.ts'
import type { Context } from '../../operations/context.ts'
import { relative } from '../../print/claims/describe.ts'
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
      'treat the current lock as expired after this long without a heartbeat (with takeover: dead-only, only if its holder is not alive)',
    )
    .option('--wait [time]', `wait until a held item is free (default: ${DEFAULT_WAIT})`)
    .option('--force', 'take it even if it is held or closed; needs --reason')
    .option('--reason <text>', 'why, for the event log')
    .option('--local', 'in a coordinated queue: claim it in this clone only')
    .option('--run-id <id>', 'claim it for this run; a release that names a run must name this one')
  examples(
    command,
    `wrk claim WRK-157
     wrk claim 157 --wait 5m
     wrk claim WRK-157 --json
     wrk claim WRK-157 --agent helper-2        one of several helpers within a session`,
  )
  command.addHelpText(
    'after',
    '\nExit code 0: it is yours; 1: no such item; 2: usage, or no session; 4: held by\nanother session, or by another helper or run of yours; 5: closed, unreadable or\nambiguous. All codes: wrk help exit-codes',
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
  const terminal = screen(env)
  const now = clock()
  const until = terminal.isTerminal
    ? `until ${localTimesOn(terminal, lock.expires_at, clock)}`
    : `for ${humanDuration(nearestMinute(Date.parse(lock.expires_at) - now.getTime()))}`
  const start = item.status && isPending(item.status, '') ? `. Next: wrk start ${item.id}` : ''
  const title = item.title ? `  ${printable(item.title)}` : ''
  const verb = { granted: 'Claimed', renewed: 'Renewed', takenOver: 'Took over' }[kind]
  const taking = from
    ? [
        `took over ${item.id} from ${printable(from.locked_by, 128)} (claimed ${relative(from.locked_at, now)}): ${from.reason}`,
      ]
    : []
  return {
    exitCode: EXIT.done,
    json: { ok: true, kind, item, lock, from, session, ...(coordination ? { coordination } : {}) },
    text: `${verb} ${item.id}${title}\nYours ${until}; each wrk call extends it${start}\n`,
    warnings: [...taking, ...warnings],
  }
}

/** So that a claim of two hours is not said to last 1h 59m because it took a moment; short ones to the second. */
function nearestMinute(ms: number): number {
  return ms > 600_000 ? Math.round(ms / 60_000) * 60_000 : ms
}
