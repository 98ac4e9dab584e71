import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { commitQueue } from '../../operations/commits/commit.ts'
import { namedItems } from '../../operations/items/named-items.ts'
import { commitJson, commitLines } from '../../print/commits/commit.ts'
import { EXIT } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { collect, duration, examples, open, type RunCommand } from '../command.ts'

interface Flags {
  message?: string[]
  hooks?: boolean
  mainTree?: boolean
  dryRun?: boolean
  wait?: string
}

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'Commit what was done to the items, and nothing else: your items and free ones as they are, those of other sessions as far as wrk wrote them.',
    )
    .argument('[id...]', 'only these items: WRK-157, 157, or 157-160 for a range')
    .option('-m, --message <text>', 'the message (default: what happened); several are paragraphs', collect)
    .option('--hooks', 'run the hooks of git commit; without it only commit-msg')
    .option('--main-tree', 'from a linked worktree: on the branch of the main working tree')
    .option('--wait <time>', 'how long to wait for another git command (default: 10s)')
    .option('--dry-run', 'only show what would be committed')
  examples(
    command,
    `wrk commit
     wrk commit WRK-157 -m "WRK-157: parser done"
     wrk commit --dry-run`,
  )
  command.addHelpText(
    'after',
    `
Neither the working tree nor what is staged is touched. Signs where commit.gpgsign is
set. Exit code 0: committed, or nothing to commit; 4: a named item belongs to another
session; 5: a merge, rebase, cherry-pick, revert or bisect is in progress, or no branch
is checked out; 75: timed out waiting for another git command.`,
  )
  command.action((ids: string[], { message, hooks, mainTree, dryRun = false, wait }: Flags) =>
    run(async globals => {
      const patienceMs = wait === undefined ? undefined : duration('--wait', wait)
      const options = { message: message?.join('\n\n'), hooks, mainTree, dryRun, patienceMs }
      const context = await open(globals)
      const named = ids.length === 0 ? [] : (await namedItems(context, 'commit', ids)).ids
      const result = await commitQueue(context, { ...options, ids: named }).catch(refusedByHook)
      if ('refusal' in result) return result
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...commitJson(result) },
        text: commitLines(result, dryRun),
        warnings: result.warnings,
      }
    }),
  )
}

/** What a hook said is shown line by line. */
function refusedByHook(error: unknown): Outcome & { refusal: object } {
  if (!(error instanceof WrkError) || typeof error.details.output !== 'string') throw error
  const { code, message, details } = error
  const json = { ok: false, error: { code, message, hint: null, ...details } }
  return {
    exitCode: EXIT.failed,
    json,
    refusal: { message: `${message}:`, lines: error.details.output.split('\n') },
  }
}
