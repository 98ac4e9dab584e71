import type { Command } from 'commander'
import { execute } from '../../operations/runs/execute.ts'
import { refusedClaim } from '../../print/claims/refusal.ts'
import { GATES_HELP } from '../../print/runs/gates.ts'
import { runOutcome } from '../../print/runs/run.ts'
import { commandBehind, examples, JSON_BESIDE, open, type RunCommand } from '../command.ts'

interface Flags {
  provider?: string
  phase?: string
  keep?: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('<id>', 'the item: WRK-157, 157')
    .argument('[command...]', 'after --: what to run instead of the provider’s command')
    .option('--provider <name>', 'the agent; needed if the item names no provider of its own')
    .option('--phase <name>', 'a phase of the plan; task_agents of the item names its agent')
    .option('--keep', 'keep the claim after the command has ended')
  examples(
    command,
    `wrk execute WRK-157 --provider claude
     wrk execute WRK-157 --provider codex --phase 2
     wrk execute WRK-157 --provider claude -- sh -c 'claude -p "Work on the item in $WRK_FILE"'
     wrk execute WRK-157 --provider claude -- npm test`,
  )
  command.addHelpText(
    'after',
    `\n${GATES_HELP}\n\nThe exit code is that of the command; 4 if the claim was lost while it ran.\nThe command gets WRK_ID, WRK_FILE (the path at the start), WRK_QUEUE,\nWRK_SESSION_ID, WRK_RUN_ID and WRK_PROVIDER, and with --phase WRK_PHASE.\n${JSON_BESIDE}`,
  )
  command.action((id: string, words: string[], flags: Flags) =>
    run(async globals => {
      const behind = commandBehind(globals, words)
      const context = await open(globals)
      const result = await execute(context, id, {
        provider: flags.provider,
        phase: flags.phase,
        keep: flags.keep ?? false,
        command: behind,
        stdout: globals.json ? 'stderr' : 'inherit',
      })
      return result.kind === 'held'
        ? refusedClaim(result, context.clock())
        : runOutcome(result, context.clock())
    }),
  )
}
