import type { Command } from 'commander'
import { openForCommit } from '../../operations/commits/commit-queue.ts'
import { type ResolveResult, repositoryTop, resolveItems } from '../../operations/merges/resolve.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { openLines, pathsFrom, settledLines } from '../../print/merges/resolve.ts'
import type { Outcome } from '../../print/outcome.ts'
import { examples, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'Finish the items after a merge, rebase, cherry-pick, revert or stash pop: one file for each, in the folder of its status.',
    )
    .argument('[id]', 'only this item')
    .option('--check', 'only show what would be done')
  examples(
    command,
    `wrk resolve                   all items, in the middle of a merge or right after it
     wrk resolve WRK-157           this one, after you have edited its conflict
     wrk resolve --check           change nothing`,
  )
  command.addHelpText(
    'after',
    '\nExit code 0: nothing is left to do; 1: an item needs you, or with --check, there is\nsomething to do.',
  )
  command.action((id: string | undefined, { check = false }: { check?: boolean }) =>
    run(async ({ queue, session, agent }) => {
      const cwd = process.cwd()
      const context = await openForCommit({ queue, session, agent }, cwd)
      const result = await resolveItems(context, { cwd, id, check })
      return outcomeOf(result, pathsFrom(repositoryTop(context, cwd), cwd), check)
    }),
  )
}

function outcomeOf(result: ResolveResult, here: (path: string) => string, check: boolean): Outcome {
  const { settled, open, operation, next } = result
  const lines = settledLines(result, here, check)
  const json = {
    operation,
    settled,
    open: open.map(({ id, path, why }) => ({ id, path, ...why })),
    next: open.length === 0 ? next : null,
  }
  if (check && settled.length > 0 && open.length === 0) {
    const message = `${count(settled.length)} can be resolved.`
    const error = { code: 'FAILED', message, hint: 'Resolve: wrk resolve' }
    return { exitCode: EXIT.failed, json: { ok: false, error, ...json }, text: lines, refusal: error }
  }
  if (open.length > 0) {
    const message = `${count(open.length)} left for you to decide:`
    const refusal = { message, lines: openLines(result, here) }
    const error = { code: 'FAILED', message: message.replace(/:$/, ''), hint: refusal.lines.at(-1)!.trim() }
    return { exitCode: EXIT.failed, json: { ok: false, error, ...json }, text: lines, refusal }
  }
  const done =
    settled.length === 0
      ? 'Nothing to do: no item is left from a merge.\n'
      : `${lines}${next ? `Next: ${next}\n` : ''}`
  return { exitCode: EXIT.done, json: { ok: true, ...json }, text: done }
}

function count(items: number): string {
  return items === 1 ? '1 item' : `${items} items`
}
