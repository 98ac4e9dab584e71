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
    .argument('[command...]', 'behind --: what to run in place of the providers’ commands')
    .option('--provider <name>', 'a reviewer; may be given several times', collect)
    .option('--all-providers', 'every provider that this queue says how to run')
    .option('--no-archive', 'leave the item where it is when all pass')
  examples(
    command,
    `wrk review WRK-157 --provider claude --provider codex
     wrk review WRK-157 --all-providers --no-archive
     wrk review WRK-157 -- npm test`,
  )
  command.addHelpText(
    'after',
    `\nAll reviewers run. When all pass, the item is archived and released in one step; otherwise it stays where it is\nand is released, unless the session held it before, and the exit code is that of the first reviewer that failed.\nThe commands get what those of wrk execute get.\n${JSON_BESIDE}`,
  )
  command.action((id: string, words: string[], flags: Flags) =>
    run(async globals => {
      if (flags.allProviders && flags.provider)
        throw new WrkError('USAGE', 'review takes --provider or --all-providers, not both')
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
