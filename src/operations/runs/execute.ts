/**
 * Executes an item: gates, claim, dispatch, release. The gates come in a fixed order, each with its exit code, so
 * that scripts can tell what was missing: provider, item, plan, session, claim.
 */
import { WrkError } from '../../core/errors.ts'
import { parseId } from '../../core/items/ids.ts'
import { missingForPlan, type Workflow } from '../../core/runs/workflow.ts'
import { printable } from '../../core/text.ts'
import { readItem } from '../../store/items/item-reader.ts'
import { isBlocked, isReadable } from '../../store/items/item-reading.ts'
import { readWhole } from '../../store/items/read-item-file.ts'
import type { RefusedClaim } from '../claims/claim.ts'
import type { Context } from '../context.ts'
import { checkProvider, commandOf, loadWorkflow } from './dispatch.ts'
import { logRefusedRun, type RunResult, runUnderClaim, type Step } from './run-under-claim.ts'

export interface ExecuteOptions {
  provider?: string | undefined
  /** Which part of the plan: its agent is `task_agents.PHASE` of the item. */
  phase?: string | undefined
  keep: boolean
  /** The command to run in place of the provider's. */
  command: readonly string[]
  stdout: 'inherit' | 'stderr'
}

/**
 * @throws WrkError USAGE (provider, id), NOT_FOUND, PLAN_GATE, NO_SESSION, AMBIGUOUS, INVALID_ITEM, CLOSED, BUSY, IO
 */
export async function execute(
  context: Context,
  idText: string,
  options: ExecuteOptions,
): Promise<RunResult | RefusedClaim> {
  const { store } = context
  const workflow = await loadWorkflow(context)
  if (options.provider !== undefined) checkProvider(context, workflow, options.provider)
  const id = parseId(idText, store.settings.idPrefix)
  const [reading] = await readItem(store, id)
  const { item, place } = reading!
  const fields = isReadable(reading!) ? (await readWhole(store, place)).fields : {}
  const providers = providersOf(fields, options)
  for (const provider of providers) checkProvider(context, workflow, provider)
  const ways =
    options.command.length > 0
      ? [{ provider: providers[0]!, command: () => options.command }]
      : providers.map(provider => ({
          provider,
          command: commandOf(context, workflow, provider, 'execute'),
        }))
  const stepsFor = (about: { id: string; file: string }): Step[] =>
    ways.map(({ provider, command }) => ({ provider, argv: command(about) }))
  // Asked here for the order of the gates, and again under the guard, where it decides. What blocks the item
  // says so at the claim, in its own words.
  if (!isBlocked(reading!) && !item.closed) planGate(item.id, key => word(fields[key]), workflow)

  const result = await runUnderClaim(context, idText, ({ id, path }) => stepsFor({ id, file: path }), {
    done: false,
    stdout: options.stdout,
    keep: options.keep,
    goOn: false,
    env: options.phase === undefined ? {} : { WRK_PHASE: options.phase },
    check: current => planGate(current.item.id, current.text, workflow),
  })
  if (result.kind === 'held') await logRefusedRun(context, 'execute', result)
  return result
}

type Fields = Record<string, unknown>

const word = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value) || undefined
    : undefined

/** Who works on it: the item's own word before the flag, the phase's agent before both, then the other provider. */
function providersOf(fields: Fields, { provider, phase }: ExecuteOptions): string[] {
  const main =
    (phase === undefined ? undefined : agentOfPhase(fields, phase)) ?? word(fields.provider) ?? provider
  if (main === undefined)
    throw new WrkError('USAGE', 'missing provider: neither --provider nor the item names one', {
      hint: 'For example: wrk execute ID --provider claude',
    })
  const alternatives = phase === undefined ? words(fields.provider_alt) : []
  return [main, ...alternatives.filter(other => other !== main)]
}

/** `provider_alt` may hold several, as a list or with commas. */
function words(value: unknown): string[] {
  const all = Array.isArray(value) ? value.map(word) : (word(value)?.split(',') ?? [])
  return all.flatMap(one => one?.trim() || [])
}

/** `task_agents: { phase_1: claude }`; `--phase 1` and `--phase phase_1` are the same. */
function agentOfPhase(fields: Fields, phase: string): string {
  const agents = fields.task_agents
  const known =
    agents !== null && typeof agents === 'object' && !Array.isArray(agents) ? (agents as Fields) : {}
  const agent = word(Object.hasOwn(known, phase) ? known[phase] : known[`phase_${phase}`])
  if (agent !== undefined) return agent
  const names = Object.keys(known).map(name => printable(name, 40))
  throw new WrkError('USAGE', `the item has no agent for the phase "${printable(phase, 40)}"`, {
    hint: names.length > 0 ? `Its task_agents are ${names.join(', ')}.` : 'It has no task_agents.',
  })
}

/** @throws WrkError PLAN_GATE */
function planGate(id: string, text: (key: string) => string | undefined, workflow: Workflow): void {
  const missing = missingForPlan(text, workflow)
  if (missing.length === 0) return
  throw new WrkError('PLAN_GATE', `${id} has no approved plan: ${printable(missing.join('; '), 300)}`, {
    hint: `When the plan is approved: wrk set ${id} plan_approved=true`,
    details: { missing },
  })
}
