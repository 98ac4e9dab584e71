/**
 * Who am I: which session a call of wrk belongs to (contract, section 2). Pure: environment, registry
 * and processes come in as facts; processes are asked for only when nothing before them matched.
 */
import { WrkError } from '../errors.ts'
import {
  type AgentName,
  type Anchor,
  checkSessionId,
  isSessionId,
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
  /** The leader of the terminal's session, when this call has a controlling terminal. */
  terminal: Anchor | null
}

export interface IdentityFacts {
  /** --session */
  flag: string | undefined
  env: Readonly<Record<string, string | undefined>>
  registry: Registry
  processes: () => ProcessContext
}

type IdentitySource = 'flag' | 'env' | 'agent' | 'anchor' | 'file' | 'new'

export interface Identity {
  /** Null for `new`: the id is made when the session is registered. */
  id: string | null
  source: IdentitySource
  /** What matched, for people: `WRK_SESSION_ID`, `process 4242 (codex)`. */
  via: string
  agent: AgentName | null
  /** What a registration by this call is anchored to. */
  anchor: Anchor | null
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

/**
 * First match wins.
 * @returns null when nothing gives an identity (rule 7); the caller says so with `noSession()`
 * @throws WrkError USAGE for an id that is none
 */
export function identify({ flag, env, registry, processes }: IdentityFacts): Identity | null {
  if (flag !== undefined)
    return {
      id: checkSessionId(flag, '--session'),
      source: 'flag',
      via: '--session',
      agent: null,
      anchor: null,
    }
  const given = env.WRK_SESSION_ID
  if (given)
    return {
      id: checkSessionId(given, 'WRK_SESSION_ID'),
      source: 'env',
      via: 'WRK_SESSION_ID',
      agent: null,
      anchor: null,
    }
  return fromAgent(env, processes) ?? fromProcesses(registry, processes())
}

function fromAgent(env: IdentityFacts['env'], processes: () => ProcessContext): Identity | null {
  const set = AGENT_VARIABLES.filter(([name]) => env[name])
  if (set.length === 0) return null
  const { ancestors } = processes()
  // Nested agents inherit their parent's variables: the nearest agent process tells whose shell this is.
  const nearest = ancestors.find(({ agent }) => agent && set.some(([, of]) => of === agent))
  const [name, agent] = set.find(([, of]) => of !== null && of === nearest?.agent) ?? set[0]!
  const anchor = ancestors.find(ancestor => agent !== null && ancestor.agent === agent)?.anchor ?? null
  return { id: checkSessionId(env[name]!, name), source: 'agent', via: name, agent, anchor }
}

function fromProcesses(registry: Registry, { ancestors, terminal }: ProcessContext): Identity | null {
  const candidates = terminal ? [...ancestors, { anchor: terminal, agent: null }] : ancestors
  if (registry.kind === 'registry')
    for (const { anchor, agent } of candidates) {
      const session = anchoredTo(anchor, registry.sessions)
      if (session)
        return {
          id: session.id,
          source: 'anchor',
          via: `process ${anchor.pid}`,
          agent,
          anchor,
        }
    }
  const agent = ancestors.find(ancestor => ancestor.agent)
  const anchor = agent?.anchor ?? terminal
  if (registry.kind === 'single' && registry.sessionId && isSessionId(registry.sessionId))
    return {
      id: registry.sessionId,
      source: 'file',
      via: 'session-state.yaml',
      agent: agent?.agent ?? null,
      anchor,
    }
  if (!anchor) return null
  const via = agent ? `process ${anchor.pid} (${agent.agent})` : `terminal of process ${anchor.pid}`
  return { id: null, source: 'new', via, agent: agent?.agent ?? null, anchor }
}

/** The living session anchored to a process; of several the one that was started last. */
export function anchoredTo(anchor: Anchor, sessions: readonly Session[]): Session | undefined {
  let latest: Session | undefined
  for (const session of sessions) {
    if (session.endedAt || !session.anchors.some(one => isSameProcess(one, anchor))) continue
    if (!latest || (session.startedAt?.getTime() ?? 0) >= (latest.startedAt?.getTime() ?? 0)) latest = session
  }
  return latest
}

export function isSameProcess(a: Anchor, b: Anchor): boolean {
  return (
    a.pid === b.pid &&
    a.started === b.started &&
    a.host === b.host &&
    a.boot === b.boot &&
    a.pidns === b.pidns
  )
}

/** Rule 7: the three ways to give an identity. */
export function noSession(): WrkError {
  return new WrkError(
    'NO_SESSION',
    'wrk cannot tell which session this is: no agent and no terminal is above it',
    {
      hint: 'Give --session ID, or set WRK_SESSION_ID, or register one: export WRK_SESSION_ID=$(wrk session start --provider NAME)',
    },
  )
}
