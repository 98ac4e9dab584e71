import type { Command } from 'commander'
import { UNSHARED } from '../../operations/claims/claim.ts'
import { where } from '../../operations/queue/where.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  examples(
    command,
    `wrk where
     cd "$(wrk where --json | node -p 'JSON.parse(require("fs").readFileSync(0)).queue')"`,
  )
  command.action(() =>
    run(async globals => {
      const context = await open(globals)
      const found = await where(context)
      const { settings } = found
      const linked = found.linked_worktree
        ? `\n  in place of    ${found.linked_worktree} (a linked worktree)`
        : ''
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...found },
        text: `${found.queue}
  source         ${found.via}${linked}
  sessions       ${found.session_state}
  local state    ${found.state_dir}
  settings       id_prefix ${settings.id_prefix}, ttl ${settings.ttl_seconds}s, takeover ${settings.takeover}, unlisted ${settings.unlisted}, worktrees ${settings.worktrees}
`,
        warnings: context.queue.isUnshared ? [UNSHARED] : [],
      }
    }),
  )
}
