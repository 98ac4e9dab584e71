import type { Command } from 'commander'
import { mergeDriver } from '../../operations/merges/merge-driver.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { describeMerge } from '../../print/merges/merge-driver.ts'
import { examples, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command
    .description(
      'Merge one item by its fields. git runs it for each item that both sides of a merge changed; `wrk hooks install` registers it.',
    )
    .argument('<base>', 'the file of the common ancestor (%O)')
    .argument('<ours>', 'the file of our version, which the result goes into (%A)')
    .argument('<theirs>', 'the file of their version (%B)')
    .argument('<marker-size>', 'the length of a conflict marker (%L)')
    .argument('<path>', 'the path of the merged file (%P)')
  examples(
    command,
    `wrk hooks install                              has git call it
     git config merge.wrk.driver                    shows how`,
  )
  command.addHelpText(
    'after',
    '\nExit code 0: merged; 1: a conflict, with markers in the file, or two different\nitems; over 128: it failed.',
  )
  command.action((base: string, ours: string, theirs: string, size: string, path: string) =>
    run(async () => {
      const result = await mergeDriver({ base, ours, theirs, markerSize: Number(size), path })
      const said = describeMerge(result, path)
      if (!said) return { exitCode: EXIT.done, json: { ok: true, ...result } }
      const error = { code: 'FAILED', ...said }
      return { exitCode: EXIT.failed, json: { ok: false, error, ...result }, refusal: said }
    }),
  )
}
