import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { openForCommit } from '../../operations/commits/commit-queue.ts'
import type { CommitFinding } from '../../operations/commits/judge-staged.ts'
import { type Verification, verifyStaged } from '../../operations/commits/verify.ts'
import { verifyMessage } from '../../operations/commits/verify-message.ts'
import {
  describeNamed,
  describeRefusal,
  findingLines,
  isLockFinding,
  withMessages,
} from '../../print/commits/findings.ts'
import { findingsOutcome, RANGE_FORMATS, type RangeFormat, rangeOutcome } from '../../print/commits/range.ts'
import { EXIT } from '../../print/exit-codes.ts'
import type { Outcome } from '../../print/outcome.ts'
import { examples, type Globals, type RunCommand } from '../command.ts'

interface Flags {
  staged?: boolean
  complete?: boolean
  commitMsg?: string
  range?: string
  format?: RangeFormat
  coordination?: boolean
  preReceive?: boolean
  prePush?: string
}

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'Check whether this session may commit what is staged. Reads the index, not the files of the working tree.',
    )
    .argument('[path...]', 'only what is staged there')
    .option('--staged', 'what is staged (the default)')
    .option('--complete', 'in the hook pre-commit: complete moves of items that are staged by half')
    .option('--range <a..b>', 'what the commits of a branch change, for CI: origin/main..HEAD')
    .addOption(
      command
        .createOption('--format <format>', 'how to print the findings of --range')
        .choices(RANGE_FORMATS),
    )
    .option('--coordination', 'with --range: also against the claims of all clones, as the engine has them')
    .option(
      '--pre-receive',
      'in a server’s hook pre-receive or update: what is pushed, against the claims there',
    )
    .option('--pre-push <remote>', 'in the hook pre-push: renew the claims, and look at what is pushed')
    .option('--commit-msg <file>', 'check this commit message too')
  examples(
    command,
    `wrk verify --staged
     wrk verify .claude/work-queue/pending/WRK-157.md
     wrk verify --commit-msg .git/COMMIT_EDITMSG
     wrk verify --range origin/main..HEAD --format github
     wrk verify --range origin/main..HEAD --coordination
     wrk hooks install                     has git ask both at every commit`,
  )
  command.addHelpText(
    'after',
    `\nThe queue is that of the repository which is committed to, though WRK_QUEUE name one of another; --queue goes first.
Exit code 0: it may be committed; 1: an item needs a fix; 4: an item belongs to another session.`,
  )
  command.action((paths: string[], flags: Flags) =>
    run(async globals => {
      if (flags.commitMsg !== undefined && (flags.staged || flags.complete || paths.length > 0))
        throw new WrkError('USAGE', '--commit-msg cannot be combined with --staged or paths')
      if (flags.coordination && flags.range === undefined)
        throw new WrkError('USAGE', '--coordination goes with --range')
      if (flags.preReceive) {
        const { readUpdates, verifyReceived } = await fence()
        const input = paths.length > 0 ? '' : readFileSync(0, 'utf8')
        const { findings, warnings } = verifyReceived(process.cwd(), readUpdates(paths, input))
        return findingsOutcome(findings, warnings, 'refused')
      }
      if (flags.prePush !== undefined) {
        const context = await openIfThere(globals)
        if (!context?.store.settings.isCoordinated) return passed('Nothing is coordinated here.', 0, [])
        const { prePush } = await fence()
        const { findings, warnings } = await prePush(
          context,
          process.cwd(),
          flags.prePush,
          readFileSync(0, 'utf8'),
        )
        return findingsOutcome(findings, warnings, 'not pushed')
      }
      if (flags.format !== undefined && flags.range === undefined)
        throw new WrkError('USAGE', '--format needs --range')
      if (flags.range !== undefined) {
        if (flags.commitMsg !== undefined || flags.staged || paths.length > 0)
          throw new WrkError('USAGE', '--range cannot be combined with --staged, --commit-msg or paths')
        const { verifyRange } = await import('../../operations/commits/verify-range.ts')
        const found = await verifyRange(process.cwd(), flags.range)
        if (flags.coordination) {
          const { verifyRangeClaims } = await fence()
          found.findings.push(...(await verifyRangeClaims(process.cwd(), flags.range, process.env)))
        }
        return rangeOutcome(found, flags.format ?? 'text')
      }
      const context = await openIfThere(globals)
      if (!context) return passed('Nothing to verify: there is no queue here.', 0, [])
      const now = context.clock()
      const cwd = process.cwd()
      if (flags.commitMsg !== undefined) {
        const { findings, staged, warnings, checked, ...rest } = await verifyMessage(
          context,
          cwd,
          flags.commitMsg,
        )
        const texts = warnings.map(warning => describeNamed(warning, now))
        const all = [staged, findings].map(some => withMessages(some, now))
        if (all.flat().length > 0) return refused(all[0]!, all[1]!, { ...rest, checked }, texts)
        if (context.store.settings.isCoordinated)
          texts.push(...(await (await fence()).addClaimTrailers(context, cwd, flags.commitMsg)))
        return passed(`The message names ${count(checked)} of the queue.`, checked, texts)
      }
      const { complete = false } = flags
      const verification = await verifyStaged(context, { cwd, paths, complete })
      const { findings, warnings, checked, nothing } = verification
      if (findings.length > 0) return refused(withMessages(findings, now), [], verification, warnings)
      if (context.store.settings.isCoordinated)
        warnings.push(...(await (await fence()).checkStagedClaims(context, cwd)))
      const verified = `Verified ${count(checked)} that ${checked === 1 ? 'is' : 'are'} staged.`
      return passed(nothing ?? verified, checked, warnings)
    }),
  )
}

const fence = () => import('../../operations/coordination/shared-fence.ts')

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
  staged: readonly CommitFinding[],
  named: readonly CommitFinding[],
  { rest, areItems, checked, hasSession }: Pick<Verification, 'rest' | 'areItems' | 'checked' | 'hasSession'>,
  warnings: readonly string[],
): Outcome {
  const findings = [...staged, ...named]
  const locked = findings.some(isLockFinding)
  const { message, hint } = describeRefusal(staged, named, rest, areItems, hasSession)
  const error = { code: locked ? 'LOCKED' : 'FAILED', message, hint }
  return {
    exitCode: locked ? EXIT.held : EXIT.failed,
    json: { ok: false, error, findings, warnings, checked },
    refusal: { message, hint, lines: findingLines(findings) },
    warnings,
  }
}
