/** Reviews an item: claims it or goes on as its holder, runs the reviewers, and archives it when all passed. */
import { WrkError } from '../../core/errors.ts'
import { parseId } from '../../core/items/ids.ts'
import { readItem } from '../../store/items/item-reader.ts'
import { isReadable } from '../../store/items/item-reading.ts'
import { readWhole } from '../../store/items/read-item-file.ts'
import type { RefusedClaim } from '../claims/claim.ts'
import type { Context } from '../context.ts'
import { type ArchiveResult, archive } from '../items/transitions/archive.ts'
import { checkProvider, commandOf, dispatchable, loadWorkflow } from './dispatch.ts'
import { logRefusedRun, type RunResult, runUnderClaim, type Step } from './run-under-claim.ts'

export interface ReviewOptions {
  providers: readonly string[]
  /** Every provider that the queue says how to run. */
  all: boolean
  archive: boolean
  /** The command to run in place of the providers'. */
  command: readonly string[]
  stdout: 'inherit' | 'stderr'
}

export interface ReviewResult extends RunResult {
  archived: ArchiveResult | null
}

/**
 * @throws WrkError USAGE (provider, id), NOT_FOUND, NO_SESSION, AMBIGUOUS, INVALID_ITEM, CLOSED (archived), BUSY, IO
 */
export async function review(
  context: Context,
  idText: string,
  options: ReviewOptions,
): Promise<ReviewResult | RefusedClaim> {
  const { store } = context
  const workflow = await loadWorkflow(context)
  const given = options.all ? dispatchable(context, workflow) : options.providers
  for (const provider of given) checkProvider(context, workflow, provider)
  if (options.all && given.length === 0)
    throw new WrkError('USAGE', 'no reviewer: no provider of this queue has a command', {
      hint: 'Name their commands in wrk.yaml: providers: { NAME: [program, argument, "{file}"] }',
    })
  const id = parseId(idText, store.settings.idPrefix)
  const [reading] = await readItem(store, id)
  const { place } = reading!
  const own =
    given.length === 0 && isReadable(reading!) ? (await readWhole(store, place)).fields.provider : undefined
  const providers: (string | null)[] = typeof own === 'string' && own !== '' ? [own] : [...given]
  if (providers.length === 0 && options.command.length > 0) providers.push(null)
  if (providers.length === 0)
    throw new WrkError('USAGE', 'missing reviewer: neither --provider nor the item names one', {
      hint: 'For example: wrk review ID --provider claude, or wrk review ID -- COMMAND',
    })
  const ways = providers.map(provider => {
    if (provider !== null) checkProvider(context, workflow, provider)
    const command =
      options.command.length > 0 || provider === null
        ? () => options.command
        : commandOf(context, workflow, provider, 'review')
    return { provider, command }
  })
  const stepsFor = (about: { id: string; file: string }): Step[] =>
    ways.map(({ provider, command }) => ({ provider, argv: command(about) }))

  let archived: ArchiveResult | null = null
  const result = await runUnderClaim(context, idText, ({ id, path }) => stepsFor({ id, file: path }), {
    done: true,
    stdout: options.stdout,
    keep: false,
    goOn: true,
    env: {},
    finish: async session => {
      if (!options.archive) return false
      archived = await archive(session, idText)
      return archived.kind === 'archived'
    },
  })
  if (result.kind === 'held') {
    await logRefusedRun(context, 'review', result)
    return result
  }
  return { ...result, archived }
}
