import type { Command } from 'commander'
import { WrkError } from '../../core/errors.ts'
import { findingsOutcome } from '../../print/commits/range.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'Push branches of a coordinated queue together with this session’s renewed claims, all or nothing: where a claim was taken over, nothing is pushed.',
    )
    .argument('[remote]', 'where to; as git push would choose unless given')
    .argument('[refspec...]', 'what; the branch that is checked out unless given')
  examples(
    command,
    `wrk push
     wrk push origin main`,
  )
  command.addHelpText(
    'after',
    '\nExit code 0: pushed; 1: the server refuses; 4: a claim was lost, or a commit is against another’s claim.',
  )
  command.action((remote: string | undefined, refspecs: string[]) =>
    run(async globals => {
      const context = await open(globals)
      if (!context.store.settings.isCoordinated)
        throw new WrkError('USAGE', 'this queue has no coordination in wrk.yaml', {
          hint: 'Push with git push, or set it up with: wrk coordination setup',
        })
      const { pushForAll } = await import('../../operations/coordination/shared-fence.ts')
      const words = remote === undefined ? [] : [remote, ...refspecs]
      const result = await pushForAll(context, process.cwd(), words)
      const { warnings } = result
      if (result.kind === 'refused') return findingsOutcome(result.findings, warnings, 'not pushed')
      const { remote: to, refs, claims } = result
      const withClaims = claims.length === 0 ? '' : ` with the claims on ${claims.join(', ')}`
      return {
        exitCode: EXIT.done,
        json: { ok: true, pushed: { remote: to, refs, claims } },
        text: `Pushed ${refs.map(ref => ref.replace(/^refs\/heads\//, '')).join(', ')} to ${to}${withClaims}\n`,
        warnings,
      }
    }),
  )
}
