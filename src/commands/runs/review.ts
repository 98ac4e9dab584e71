import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { review } from '../../operations/runs/review.ts'
import { refusedClaim } from '../../print/claims/refusal.ts'
import { runOutcome } from '../../print/runs/run.ts'
import { collect, commandBehind, examples, JSON_BESIDE, open, type RunCommand } from '../command.ts'

interface Flags {
  provider?: string[]
  allProviders?: boolean
  archive: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item: WRK-157, 157')
    .argument('[command...]', 'after --: what to run instead of the providers’ commands')
    .option('--provider <name>', 'a reviewer; may be given several times', collect)
    .option('--all-providers', 'every provider that has a command in this queue')
    .option('--no-archive', 'do not archive the item when all pass')
  examples(
    command,
    `wrk review WRK-157 --provider claude --provider codex
     wrk review WRK-157 --all-providers --no-archive
     wrk review WRK-157 -- npm test`,
  )
  command.addHelpText(
    'after',
    `\nAll reviewers run. When all pass, the item is archived and released in one step.\nOtherwise it stays, is released unless the session held it before, and the exit\ncode is that of the first reviewer that failed. The commands get the same variables\nas those of wrk execute.\n${JSON_BESIDE}`,
  )
  command.action((id: string, words: string[], flags: Flags) =>
    run(async globals => {
      if (flags.allProviders && flags.provider)
        throw new WrkError('USAGE', '--provider and --all-providers exclude each other')
      const behind = commandBehind(globals, words)
      const context = await open(globals)
      const result = await review(context, id, {
        providers: flags.provider ?? [],
        all: flags.allProviders ?? false,
        archive: flags.archive,
        command: behind,
        stdout: globals.json ? 'stderr' : 'inherit',
      })
      return result.kind === 'held'
        ? refusedClaim(result, context.clock())
        : runOutcome(result, context.clock(), result.archived)
    }),
  )
}
