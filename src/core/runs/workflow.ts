/**
 * What a queue's wrk.yaml says of the workflow around a claim: the commands of providers, and which gates an item
 * has to pass before it is worked on. Pure.
 *
 *     providers:
 *       claude: [claude, -p, "Work on {file}"]
 *       codex: { execute: [codex, exec, "{file}"], review: [codex, review, "{file}"] }
 *     gates:
 *       plan_reviewed: [moderate, complex]
 *       spec_ref: [complex]
 */
import type { YamlMap, YamlNode } from '../../markdown/node.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { SETTING_VALUES, type SettingProblem } from '../config.ts'
import { AGENTS } from '../sessions/session.ts'

export type Action = 'execute' | 'review'

export interface Workflow {
  /** Argument lists by provider and action; `{id}`, `{file}` and `{action}` in them are filled in. */
  providers: Map<string, Partial<Record<Action, string[]>>>
  /** Gates besides `plan_approved`, with the complexities that they are for; `all` is for any. */
  gates: Record<ExtraGate, string[]>
}

const EXTRA_GATES = ['plan_reviewed', 'spec_ref'] as const
type ExtraGate = (typeof EXTRA_GATES)[number]

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

/** Whether a word may name a provider: it becomes part of a path. */
export function isProviderName(text: string): boolean {
  return NAME.test(text)
}

/** Agents that wrk knows by name, whether or not this queue says how to run them. */
export function isKnownAgent(provider: string): boolean {
  return (AGENTS as readonly string[]).includes(provider)
}

/** Reads `providers` and `gates`; what is missing is empty. */
export function readWorkflow(fields: YamlMap | null): { workflow: Workflow; problem: SettingProblem | null } {
  const workflow: Workflow = { providers: new Map(), gates: { plan_reviewed: [], spec_ref: [] } }
  let problem: SettingProblem | null = null
  const expect = (key: string, offset: number, expected: string) => {
    problem ??= { key, offset, expected }
  }
  for (const { key, keyStart, value } of sections(fields, 'providers', expect)) {
    const commands = isProviderName(key) ? readCommands(value) : null
    if (commands) workflow.providers.set(key, commands)
    else expect(`providers.${key}`, keyStart, SETTING_VALUES.providers)
  }
  for (const { key, keyStart, value } of sections(fields, 'gates', expect)) {
    const words = listOf(value)
    const isGate = isExtraGate(key)
    // Both ways of saying it: by gate, or by complexity.
    if (words && isGate) workflow.gates[key].push(...(words.includes('true') ? ['all'] : words))
    else if (words?.every(isExtraGate)) for (const gate of words) workflow.gates[gate].push(key)
    else expect(`gates.${key}`, keyStart, SETTING_VALUES.gates)
  }
  return { workflow, problem }
}

function isExtraGate(word: string): word is ExtraGate {
  return (EXTRA_GATES as readonly string[]).includes(word)
}

function sections(
  fields: YamlMap | null,
  key: string,
  expect: (key: string, offset: number, expected: string) => void,
) {
  const pair = fields && findPair(fields, key)
  if (!pair || (pair.value.kind === 'scalar' && scalarText(pair.value) === undefined)) return []
  if (pair.value.kind === 'map') return pair.value.pairs
  expect(key, pair.keyStart, 'a map')
  return []
}

/** A list of words, one word or none; null when it is something else. */
function listOf(node: YamlNode): string[] | null {
  if (node.kind === 'scalar') {
    const word = scalarText(node)
    return word === undefined ? [] : [word]
  }
  if (node.kind === 'map') return null
  return node.items.every(item => item.kind === 'scalar') ? node.items.map(item => item.text) : null
}

function readCommands(node: YamlNode): Partial<Record<Action, string[]>> | null {
  if (node.kind === 'list') {
    const argv = listOf(node)
    return argv?.[0] ? { execute: argv, review: argv } : null
  }
  if (node.kind !== 'map') return null
  const commands: Partial<Record<Action, string[]>> = {}
  for (const { key, value } of node.pairs) {
    const argv = value.kind === 'list' ? listOf(value) : null
    if ((key !== 'execute' && key !== 'review') || !argv?.[0]) return null
    commands[key] = argv
  }
  return commands
}

/** Fills in a provider's argument list. An argument stays one argument, whatever the values hold. */
export function fillIn(
  argv: readonly string[],
  values: { id: string; file: string; action: Action },
): string[] {
  return argv.map(argument =>
    argument.replace(/\{(id|file|action)\}/g, (_, name: keyof typeof values) => values[name]),
  )
}

/**
 * The plan gate: what an item still lacks before it may be executed.
 * @param text a field of the item
 * @returns sentences, none when it may go on
 */
export function missingForPlan(text: (key: string) => string | undefined, workflow: Workflow): string[] {
  const complexity = text('complexity')?.toLowerCase() ?? ''
  const needed = (gate: ExtraGate) =>
    workflow.gates[gate].some(word => word === 'all' || word.toLowerCase() === complexity)
  const isTrue = (key: string) => text(key)?.toLowerCase() === 'true'
  const why = complexity === '' ? '' : ` (complexity ${complexity})`
  const missing: string[] = []
  if (!isTrue('plan_approved'))
    missing.push(`plan_approved is ${text('plan_approved') ?? 'not set'}, not true`)
  if (needed('plan_reviewed') && !isTrue('plan_reviewed'))
    missing.push(`plan_reviewed is ${text('plan_reviewed') ?? 'not set'}, not true${why}`)
  if (needed('spec_ref') && text('spec_ref') === undefined) missing.push(`spec_ref names no plan${why}`)
  return missing
}
