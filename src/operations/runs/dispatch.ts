/** How a provider is run: by the queue's wrk.yaml, or by a script of the workspace. */
import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import {
  type Action,
  fillIn,
  isKnownAgent,
  isProviderName,
  readWorkflow,
  type Workflow,
} from '../../core/runs/workflow.ts'
import { printable } from '../../core/text.ts'
import { workspaceOfQueue } from '../../store/queue.ts'
import { badSetting, type Context, readSettingsFile } from '../context.ts'

/** Where a workspace keeps the scripts that run its agents. */
const AGENT_SCRIPTS = join('scripts', 'agents')

/** The folder that this queue belongs to. */
function workspaceOf({ store }: Context): string {
  return workspaceOfQueue(store.root)
}

/** @throws WrkError USAGE, with line and column */
export async function loadWorkflow({ store }: Context): Promise<Workflow> {
  const file = await readSettingsFile(store.root)
  const { workflow, problem } = readWorkflow(file?.fields ?? null)
  if (file && problem) throw badSetting(file, problem)
  return workflow
}

function providerScript(context: Context, provider: string): string | null {
  const path = join(workspaceOf(context), AGENT_SCRIPTS, 'providers', `${provider}.sh`)
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : null
}

/**
 * Gate 1: a provider that nobody knows is a typing mistake.
 * @throws WrkError USAGE
 */
export function checkProvider(context: Context, workflow: Workflow, provider: string): void {
  const known =
    isProviderName(provider) &&
    (workflow.providers.has(provider) || isKnownAgent(provider) || providerScript(context, provider))
  if (known) return
  const names = dispatchable(context, workflow)
  throw new WrkError('USAGE', `unknown provider: "${printable(provider, 60)}"`, {
    hint: `${names.length > 0 ? `This queue has ${names.join(', ')}. ` : ''}Name its command in wrk.yaml: providers: { NAME: [program, argument, "{file}"] }`,
  })
}

/** The providers that this queue says how to run. */
export function dispatchable(context: Context, workflow: Workflow): string[] {
  const folder = join(workspaceOf(context), AGENT_SCRIPTS, 'providers')
  const scripts = unless(MISSING, [], () => context.store.host.disk.readdirSync(folder))
    .filter(name => name.endsWith('.sh'))
    .map(name => basename(name, '.sh'))
    .filter(isProviderName)
    .sort()
  return [...new Set([...workflow.providers.keys(), ...scripts])]
}

/** The program and arguments that run a provider on an item. */
export type CommandFor = (item: { id: string; file: string }) => readonly string[]

/**
 * How a provider is run.
 * @throws WrkError USAGE when nothing says how
 */
export function commandOf(
  context: Context,
  workflow: Workflow,
  provider: string,
  action: Action,
): CommandFor {
  const listed = workflow.providers.get(provider)?.[action]
  if (listed) return item => fillIn(listed, { ...item, action })
  const script = providerScript(context, provider)
  if (script) return ({ file }) => [script, action, file]
  throw new WrkError('USAGE', `no command to ${action} with ${provider}`, {
    hint: `Give it after --, or in wrk.yaml (providers: { ${provider}: [program, "{file}"] }), or in ${AGENT_SCRIPTS}/providers/${provider}.sh`,
  })
}
