import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { isOneItem } from '../../core/items/one-item.ts'
import { printable } from '../../core/text.ts'
import { describeLoss } from '../../operations/claims/lost-claims.ts'
import { type ReleaseResult, release } from '../../operations/claims/release.ts'
import { releaseMine } from '../../operations/claims/release-many.ts'
import { describeHolder, takeover } from '../../print/claims/describe.ts'
import { failureOf } from '../../print/claims/releases.ts'
import { EXIT } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { examples, forced, open, type RunCommand } from '../command.ts'

interface Flags {
  mine?: boolean
  force?: boolean
  reason?: string
  runId?: string
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('[id...]', 'items: WRK-157, 157, 3-7 (default: the one that you hold)')
    .option('--mine', 'release every item that this session holds')
    .option('--run-id <id>', 'only if this run claimed it')
    .option('--force', 'release it even if another session holds it; needs --reason')
    .option('--reason <text>', 'why, for the event log')
  examples(
    command,
    `wrk release WRK-157
     wrk release            the one item that you hold
     wrk release 9 10 12-15
     wrk release --mine`,
  )
  command.addHelpText(
    'after',
    '\nOnly the holder can release an item. Exit code 0: released, or nothing was held;\n4: held by another session. Several items, and --mine: wrk goes on past an item that cannot be changed,\nreports it, and ends with the exit code of that failure.',
  )
  command.action((ids: readonly string[], flags: Flags) =>
    run(async globals => {
      const force = forced(flags)
      if (ids.length > 0 && flags.mine) throw new WrkError('USAGE', 'an item and --mine exclude each other')
      if (flags.mine && (force !== undefined || flags.runId !== undefined))
        throw new WrkError('USAGE', '--mine cannot be combined with --force or --run-id')
      const context = await open(globals)
      if (flags.mine) return releasedAll(await releaseMine(context))
      const one = async (id: string) =>
        released(await release(context, id, { runId: flags.runId, force }), context.clock())
      if (isOneItem(ids)) return one(ids[0]!)
      const { namedItems } = await import('../../operations/items/named-items.ts')
      const { answerEach } = await import('../../print/items/several.ts')
      return answerEach(await namedItems(context, 'release', ids), one)
    }),
  )
}

function releasedAll(results: readonly ReleaseResult[]): Outcome {
  const done = results.filter(result => result.released)
  const failure = failureOf(results)
  const ok = done.length === results.length
  return {
    exitCode: failure?.exitCode ?? (ok ? EXIT.done : EXIT.held),
    json: { ok, released: done.length > 0, items: results.map(jsonOf), ...failure?.json },
    text:
      done.length === 0 && !failure
        ? 'Nothing to release: you hold no items.\n'
        : done.map(({ item }) => `Released ${item.id}\n`).join(''),
    refusal: failure?.refusal,
    warnings: results.flatMap(result => result.warnings),
  }
}

function jsonOf({ released, reason, item, holder, superseded, releasedRemotely }: ReleaseResult) {
  const shared = releasedRemotely === undefined ? {} : { released_remotely: releasedRemotely }
  return { released, reason, item, holder, superseded, ...shared }
}

function released(result: ReleaseResult, now: Date): Outcome {
  const { item, holder, superseded, from, warnings } = result
  if (result.released)
    return {
      exitCode: EXIT.done,
      json: { ok: true, ...jsonOf(result) },
      text: `Released ${item.id}\n`,
      warnings: from
        ? [`forced the release of ${item.id}; ${printable(from, 128)} held it`, ...warnings]
        : warnings,
    }
  if (result.reason === 'not-locked')
    return {
      exitCode: EXIT.done,
      json: { ok: true, ...jsonOf(result) },
      text: `Nothing to release: nobody holds ${item.id}.\n`,
      warnings: superseded ? [describeLoss(superseded), ...warnings] : warnings,
    }
  const message = messageOf(result, now)
  const hint = superseded
    ? 'Stop working on it, and do not commit changes to it.'
    : result.reason === 'other-run'
      ? `Release it without naming a run: wrk release ${item.id}`
      : ['Only its holder can release it.', holder && takeover(item, holder, now)].filter(Boolean).join(' ')
  return {
    exitCode: EXIT.held,
    json: { ok: false, ...jsonOf(result), error: { code: 'LOCKED', message, hint }, holder },
    refusal: { message, hint },
    warnings,
  }
}

function messageOf({ item, holder, superseded, reason }: ReleaseResult, now: Date): string {
  if (superseded) return describeLoss(superseded)
  if (reason === 'other-run') return `${item.id} was claimed by another run of this session and stays held`
  return `${item.id} is ${holder ? describeHolder(holder, now) : 'held by another session'}`
}
