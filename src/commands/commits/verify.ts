import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { openForCommit } from '../../operations/commits/commit-queue.ts'
import { verifyStaged } from '../../operations/commits/verify.ts'
import { verifyMessage } from '../../operations/commits/verify-message.ts'
import { describeNamed, findingLines, withMessages } from '../../print/commits/findings.ts'
import { EXIT } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { examples, type Globals, type RunCommand } from '../command.ts'

interface Flags {
  staged?: boolean
  commitMsg?: string
}

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'May this session commit what is staged? Looks at the index, not at the files of the working tree.',
    )
    .argument('[path...]', 'only what is staged there')
    .option('--staged', 'what is staged; the default, for hooks to say so')
    .option('--commit-msg <file>', 'a commit message, as the commit-msg hook is given it')
  examples(
    command,
    `wrk verify --staged
     wrk verify .claude/work-queue/pending/WRK-157.md
     wrk verify --commit-msg .git/COMMIT_EDITMSG
     wrk hooks install                     has git ask both at every commit`,
  )
  command.addHelpText(
    'after',
    `\nThe queue is that of the repository which is committed to, though WRK_QUEUE name one of another; --queue goes first.
Exit code 0: it may be committed; 1: an item is not as it must be; 4: it concerns an item of another session.`,
  )
  command.action((paths: string[], flags: Flags) =>
    run(async globals => {
      if (flags.commitMsg !== undefined && (flags.staged || paths.length > 0))
        throw new WrkError('USAGE', '--commit-msg goes without --staged and paths')
      const context = await openIfThere(globals)
      if (!context) return passed('There is no queue here: nothing to verify.', 0, [])
      const now = context.clock()
      if (flags.commitMsg !== undefined) {
        const { findings, warnings, checked } = await verifyMessage(context, process.cwd(), flags.commitMsg)
        const texts = warnings.map(warning => describeNamed(warning, now))
        const what = 'the commit message names an item of another session'
        if (findings.length > 0)
          return refused(what, withMessages(findings, now), checked, texts, 'leave it out')
        return passed(`The message names ${count(checked)} of the queue.`, checked, texts)
      }
      const { findings, warnings, checked, nothing } = await verifyStaged(context, {
        cwd: process.cwd(),
        paths,
      })
      const what = 'what is staged may not be committed as it is'
      const leaveOut = 'leave it out (commit without -a, which would stage it again, or by paths)'
      if (findings.length > 0) return refused(what, withMessages(findings, now), checked, warnings, leaveOut)
      return passed(
        nothing ?? `Verified ${count(checked)} that ${checked === 1 ? 'is' : 'are'} staged.`,
        checked,
        warnings,
      )
    }),
  )
}

/** A hook may run where there is no queue, on another branch or in a repository beside it: null there. */
async function openIfThere({ queue, session, agent }: Globals) {
  const { WRK_QUEUE, WORK_ITEM_ROOT } = process.env
  try {
    return await openForCommit({ queue, session, agent }, process.cwd())
  } catch (error) {
    const isNamed = queue || WRK_QUEUE || WORK_ITEM_ROOT
    if (error instanceof WrkError && error.code === 'NOT_FOUND' && !isNamed) return null
    throw error
  }
}

const count = (items: number) => (items === 1 ? '1 item' : `${items} items`)

function passed(text: string, checked: number, warnings: readonly string[]): Outcome {
  return {
    exitCode: EXIT.done,
    json: { ok: true, findings: [], warnings, checked },
    text: `${text}\n`,
    warnings,
  }
}

function refused(
  what: string,
  findings: ReturnType<typeof withMessages>,
  checked: number,
  warnings: readonly string[],
  leaveOut: string,
): Outcome {
  const locked = findings.some(({ code }) => code === 'held' || code === 'superseded' || code === 'lock')
  const message = `${what}: ${findings.length === 1 ? '1 finding' : `${findings.length} findings`}`
  const hint = locked
    ? `What is another session’s is for that session to commit; ${leaveOut}, or ask its holder.`
    : 'Mend what is named above, stage it again (git add), and commit.'
  return {
    exitCode: locked ? EXIT.held : EXIT.failed,
    json: {
      ok: false,
      error: { code: locked ? 'LOCKED' : 'FAILED', message, hint },
      findings,
      warnings,
      checked,
    },
    refusal: { message, hint, lines: findingLines(findings) },
    warnings,
  }
}
