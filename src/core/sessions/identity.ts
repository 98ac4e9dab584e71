/**
 * Who am I: which session a call of wrk belongs to (contract, section 2). Pure: environment, registry
 * and processes come in as facts; processes are asked for only when nothing before them matched.
 */
import { WrkError } from '../errors.ts'
import { whereIs } from './place.ts'
import {
  type AgentName,
  type Anchor,
  checkSessionId,
  isSessionId,
  listedSession,
  type Registry,
  type Session,
} from './session.ts'

/** A process above this call, nearest first. */
export interface Ancestor {
  anchor: Anchor
  /** The agent that it is known to be, or null. */
  agent: AgentName | null
}

export interface ProcessContext {
  ancestors: Ancestor[]
  /** The leader of the terminal's session, when this call has a controlling terminal that outlives it. */
  terminal: Anchor | null
}

export interface IdentityFacts {
  /** --session */
  flag: string | undefined
  env: Readonly<Record<string, string | undefined>>
  registry: Registry
  processes: () => ProcessContext
}

type IdentitySource = 'flag' | 'env' | 'agent' | 'anchor' | 'file' | 'new' | 'store'

export interface Identity {
  /** Null for `new`: the id is made when the session is registered. */
  id: string | null
  source: IdentitySource
  /** What matched, for people: `WRK_SESSION_ID`, `process 4242 (codex)`. */
  via: string
  agent: AgentName | null
  /** What a registration by this call is anchored to. */
  anchor: Anchor | null
  /** A variable of an agent that is set and does not count here, and why. */
  passedOver?: string
}

/** The variables by which agents tell their shells the session, in the order that decides a tie. */
const AGENT_VARIABLES: readonly (readonly [name: string, agent: AgentName | null])[] = [
  ['CLAUDE_CODE_SESSION_ID', 'claude'],
  ['CODEX_THREAD_ID', 'codex'],
  ['CURSOR_CONVERSATION_ID', 'cursor'],
  ['COPILOT_AGENT_SESSION_ID', 'copilot'],
  ['AMP_CURRENT_THREAD_ID', 'amp'],
  ['AGENT_SESSION_ID', null],
  ['CLAUDE_SESSION_ID', 'claude'],
  ['GEMINI_SESSION_ID', 'gemini'],
]

/** Set by workflow-guards.sh: the shell that sourced it. */
const SCRIPT_VARIABLE = 'WRK_GUARDS_SHELL'

/**
 * First match wins.
 * @returns null when nothing gives an identity (rule 8); the caller says so with `noSession()`
 * @throws WrkError USAGE for an invalid id
 */
export function identify({ flag, env, registry, processes }: IdentityFacts): Identity | null {
  if (flag !== undefined) return given(checkSessionId(flag, '--session'), 'flag', '--session')
  if (env.WRK_SESSION_ID)
    return given(checkSessionId(env.WRK_SESSION_ID, 'WRK_SESSION_ID'), 'env', 'WRK_SESSION_ID')
  const variables = AGENT_VARIABLES.filter(([name]) => env[name])
  const script = env[SCRIPT_VARIABLE]
  const otherwise = () => fromProcesses(registry, processes()) ?? fromScript(script, registry, processes())
  if (variables.length === 0) return otherwise()
  const choice = chooseVariable(variables, processes())
  if (choice.kind === 'none') {
    const found = otherwise()
    return found && { ...found, passedOver: choice.why }
  }
  const { name, agent, anchor } = choice
  return { id: checkSessionId(env[name]!, name), source: 'agent', via: name, agent, anchor }
}

function given(id: string, source: 'flag' | 'env', via: string): Identity {
  return { id, source, via, agent: null, anchor: null }
}

type Choice =
  | { kind: 'variable'; name: string; agent: AgentName | null; anchor: Anchor | null }
  | { kind: 'none'; why: string }

/**
 * Which agent owns this shell, when agents have left their variables in its environment. They are inherited, by other agents and
 * by a terminal's server (tmux), so a variable yields to a nearer agent of another kind, and to a terminal above which
 * no agent runs. Where neither is seen (a sandbox, a hook's worker), the first of the list counts.
 */
function chooseVariable(variables: typeof AGENT_VARIABLES, { ancestors, terminal }: ProcessContext): Choice {
  const nearest = ancestors.find(({ agent }) => agent)
  const [name, agent] =
    variables.find(([, of]) => nearest && of === nearest.agent) ??
    variables.find(([, of]) => of === null || !nearest) ??
    variables[0]!
  if (nearest) {
    if (agent !== null && agent !== nearest.agent)
      return {
        kind: 'none',
        why: `${name} is inherited; ${nearest.agent} (process ${nearest.anchor.pid}) is nearer`,
      }
    return { kind: 'variable', name, agent, anchor: agent && nearest.anchor }
  }
  if (terminal)
    return { kind: 'none', why: `${name} is inherited; no ${agent ?? 'agent'} runs in this terminal` }
  return { kind: 'variable', name, agent, anchor: null }
}

function fromProcesses(registry: Registry, { ancestors, terminal }: ProcessContext): Identity | null {
  const nearest = ancestors.find(({ agent }) => agent)
  const candidates = terminal ? [...ancestors, { anchor: terminal, agent: null }] : ancestors
  for (const { anchor, agent } of candidates) {
    const session = anchoredTo(anchor, registry)
    if (!session) continue
    // An agent that another agent started works for itself.
    if (agent && agent !== nearest?.agent) break
    return { id: session.id, source: 'anchor', via: `process ${anchor.pid}`, agent, anchor }
  }
  const anchor = nearest?.anchor ?? terminal
  if (registry.kind === 'single' && registry.sessionId && isSessionId(registry.sessionId))
    return {
      id: registry.sessionId,
      source: 'file',
      via: 'session-state.yaml',
      agent: nearest?.agent ?? null,
      anchor,
    }
  if (!anchor) return null
  const via = nearest ? `process ${anchor.pid} (${nearest.agent})` : `terminal of process ${anchor.pid}`
  return { id: null, source: 'new', via, agent: nearest?.agent ?? null, anchor }
}

/**
 * Rule 7, for a script that has sourced workflow-guards.sh where nothing else identifies one (cron, CI): the session on top of
 * session-state.yaml, unless that has ended or belongs to a living process; else a new one that lives as long
 * as the script.
 */
function fromScript(
  pid: string | undefined,
  registry: Registry,
  { ancestors }: ProcessContext,
): Identity | null {
  const script = pid ? ancestors.find(({ anchor }) => `${anchor.pid}` === pid) : undefined
  if (!script) return null
  const id = registry.kind === 'registry' ? registry.current : null
  const top = id === null ? undefined : listedSession(registry, id)
  if (id !== null && isSessionId(id) && !top?.endedAt && !top?.anchors.length)
    return { id, source: 'store', via: 'session-state.yaml', agent: null, anchor: null }
  return { id: null, source: 'new', via: `script of process ${pid}`, agent: null, anchor: script.anchor }
}

/** The open session that runs in a process; of several the one that was started last. */
export function anchoredTo(anchor: Anchor, registry: Registry): Session | undefined {
  const own = registry.own?.anchoredTo(anchor)
  if (own && !listedSession(registry, own.id)?.endedAt) return own
  // What wrk wrote itself lists no other sessions than have files.
  if ((registry.own && !registry.own.isOutdated()) || registry.kind !== 'registry') return undefined
  let latest: Session | undefined
  for (const session of registry.sessions) {
    if (session.endedAt || !session.anchors.some(one => isSameProcess(one, anchor))) continue
    if (!latest || (session.startedAt?.getTime() ?? 0) >= (latest.startedAt?.getTime() ?? 0)) latest = session
  }
  return latest
}

/** Whether two records are of one process: a host may have changed its name in between. */
export function isSameProcess(a: Anchor, b: Anchor): boolean {
  return (
    a.pid === b.pid &&
    a.started === b.started &&
    a.boot === b.boot &&
    a.pidns === b.pidns &&
    whereIs(a, b) === 'here'
  )
}

/** Rule 8: the three ways to give an identity. */
export function noSession(): WrkError {
  return new WrkError('NO_SESSION', 'No session: not started from a terminal or an agent.', {
    hint: 'Set one: export WRK_SESSION_ID=my-job (or: --session ID, wrk session start)',
  })
}
