/**
 * What a hook of an agent does at each moment (core/agents/agent-event.ts), whichever agent it is.
 *
 * Guarantees: it decides nothing but a refusal, and that only on what it could read; it waits no longer than
 * `BUDGET_MS` for anything (its input, a guard that others hold), at a session's end a second; whatever goes wrong
 * ends in an error that the caller turns into "no decision".
 * Does not guarantee: that the shell does not write to an item; the commit hooks look at that.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { adapterOf } from '../../core/agents/adapters/adapters.ts'
import type { AgentAdapter, AgentEvent } from '../../core/agents/agent-event.ts'
import { isHookCommand } from '../../core/agents/hook-command.ts'
import { parsePayload } from '../../core/agents/payload.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { isSessionId } from '../../core/sessions/session.ts'
import { readStdin } from '../../system/stdin.ts'
import { type Context, openContext } from '../context.ts'
import { beforeTool } from './hook-refusal.ts'
import { type HookEnvironment, type HookResult, NOTHING } from './hook-result.ts'
import { sessionBegins, sessionEnds, stillThere } from './hook-session.ts'
import { type HookMark, markSeen } from './hook-stamp.ts'

/** What is to be said, to whom, and in answer to what; `event` is null for input that is none of the agent's. */
export interface HookOutcome {
  adapter: AgentAdapter
  event: AgentEvent | null
  result: HookResult
}

/** How long a hook may wait in all: for its input, and for guards that others hold. */
const BUDGET_MS = 120
/**
 * At a session's end, when nobody waits for the agent any more. Claude Code ends its hooks after 1.5 s
 * (https://code.claude.com/docs/en/hooks#sessionend).
 */
const BUDGET_AT_END_MS = 1000
/** A tool's result may be large; what is larger is not looked at. */
const LONGEST_INPUT = 16 * 1024 * 1024

interface HookOptions {
  /** In place of stdin. */
  input?: string | undefined
  /** Where the shell part looks up whether there is anything to do. */
  mark?: HookMark | undefined
  /** The hook comes from a plugin. */
  isPlugin?: boolean
}

/**
 * Acts on an event of an agent.
 * @throws WrkError, system errors
 */
export async function agentHook(
  name: string,
  env: HookEnvironment,
  cwd: string,
  { input, mark, isPlugin = false }: HookOptions = {},
): Promise<HookOutcome> {
  const since = performance.now()
  const adapter = adapterOf(name)
  if (!adapter) throw new WrkError('USAGE', `no hooks for an agent called ${name}`)
  try {
    const text = input ?? (await readStdin(LONGEST_INPUT, BUDGET_MS - 20)) ?? ''
    const event = adapter.read(parsePayload(text))
    const isDouble = isPlugin && isInSettings(adapter, event?.cwd ?? cwd, env)
    const result = event === null || isDouble ? NOTHING : await actOn(adapter, event, env, cwd, since)
    return { adapter, event, result }
  } finally {
    if (mark) markSeen(mark)
  }
}

async function actOn(
  adapter: AgentAdapter,
  event: AgentEvent,
  env: HookEnvironment,
  cwd: string,
  since: number,
): Promise<HookResult> {
  const { moment } = event
  const folder = event.cwd ?? cwd
  // Under `wrk execute` the agent works for the wrapper's session, whose run keeps itself alive and gives back
  // its claim; there is nothing to do for it.
  const wrapper = env.WRK_RUN_ID && isSessionId(env.WRK_SESSION_ID ?? '') ? env.WRK_SESSION_ID! : null
  if (moment.kind === 'uses') {
    const own = wrapper === null ? event : { session: wrapper, helper: null }
    const refused = await beforeTool(adapter, moment, own, folder, env)
    if (refused.kind !== 'nothing' || !adapter.looksAreHeartbeats) return refused
  }
  if (wrapper || moment.kind === 'other') return NOTHING
  if (moment.kind === 'helperBegins') return helperBegins(adapter, event)

  const until = since + (moment.kind === 'ends' ? BUDGET_AT_END_MS : BUDGET_MS)
  let result = NOTHING
  for (const context of await queuesOf(adapter, folder, env, until)) {
    const found = await inQueue(adapter, event, context, env, until)
    if (result.kind === 'nothing') result = found
  }
  return result
}

function helperBegins({ namesHelpersInShell }: AgentAdapter, { helper }: AgentEvent): HookResult {
  return helper === null ? NOTHING : { kind: 'helper', name: helper, isKnownToShell: namesHelpersInShell }
}

async function inQueue(
  adapter: AgentAdapter,
  { moment, session }: AgentEvent,
  context: Context,
  env: HookEnvironment,
  until: number,
): Promise<HookResult> {
  switch (moment.kind) {
    case 'begins':
      return sessionBegins(context, adapter, session, { follows: moment.follows, env, until })
    case 'ends':
      await sessionEnds(context, session, until)
      return NOTHING
    default:
      return stillThere(context, adapter, session)
  }
}

/** The queue where the agent is now, and that of its project if it is another. @throws WrkError without one */
async function queuesOf(
  { projectVariable }: AgentAdapter,
  folder: string,
  env: HookEnvironment,
  until: number,
): Promise<Context[]> {
  const project = projectVariable && env[projectVariable]
  const contexts: Context[] = []
  let none: unknown
  for (const cwd of new Set([folder, resolve(project || folder)]))
    try {
      const context = await openBriefly({ cwd, env }, until)
      if (contexts.every(({ store }) => store.root !== context.store.root)) contexts.push(context)
    } catch (error) {
      if (!(error instanceof WrkError) || error.code !== 'NOT_FOUND') throw error
      none = error
    }
  if (contexts.length === 0) throw none
  return contexts
}

async function openBriefly(options: Parameters<typeof openContext>[0], until: number): Promise<Context> {
  const context = await openContext(options)
  const patienceMs = Math.max(10, until - performance.now())
  return { ...context, store: { ...context.store, host: { ...context.store.host, patienceMs } } }
}

/** Whether the project's settings have hooks too: what a plugin would do is done by those. */
function isInSettings(
  { hooks, projectVariable }: AgentAdapter,
  folder: string,
  env: HookEnvironment,
): boolean {
  if (hooks.kind !== 'settings') return false
  const project = (projectVariable && env[projectVariable]) || folder
  return [hooks.shared, hooks.local].some(file => {
    const read = () => readFileSync(join(project, file ?? ''), 'utf8')
    return file !== null && isHookCommand(unless([...MISSING, 'EACCES', 'EISDIR'], '', read))
  })
}
