/**
 * What happens at which moment of an agent's session, whatever the agent: the one description that the adapters
 * translate from and to. Pure.
 *
 * | moment | wrk |
 * |---|---|
 * | `begins` | registers the session, anchored to the agent's process, and tells it what it holds |
 * | `helperBegins` | tells a sub-agent under which name it claims |
 * | `alive` | gives a heartbeat, at most one a minute; tells of claims that were taken over |
 * | `uses` | before a tool runs: refuses edits of items that others hold, and commits past the hooks |
 * | `ends` | ends the session and releases what it and its helpers hold |
 * | `other` | nothing |
 */
import type { AgentName } from '../sessions/session.ts'

export interface AgentEvent {
  /** As the agent calls it: some answers have to repeat it. */
  name: string
  session: string
  /** The sub-agent that acts, where the agent names it: a helper of the session. */
  helper: string | null
  cwd: string | null
  moment: AgentMoment
}

export type AgentMoment =
  /** `follows`: the same process went on from another session, which is over. */
  | { kind: 'begins'; follows: boolean }
  | { kind: 'helperBegins' }
  | { kind: 'alive' }
  /** `files` are about to be written, `command` is about to run. */
  | { kind: 'uses'; files: readonly string[]; command: string | null }
  | { kind: 'ends' }
  | { kind: 'other' }

export type Reply =
  /** The tool is not to run. */
  | { kind: 'refuse'; reason: string }
  /** The agent should know. */
  | { kind: 'tell'; text: string }

/** An agent that wrk can be installed for: `amp` and `aider` are only known by their processes. */
export type HookedAgent = Extract<
  AgentName,
  'claude' | 'codex' | 'gemini' | 'copilot' | 'cursor' | 'opencode'
>

/** At what moments a hook runs, for the shell part: it decides by it whether Node is needed. */
export type HookWord = 'begin' | 'beat' | 'look' | 'end'

/** How one agent is told of things, and how it tells of things: each is one file of adapters/. */
export interface AgentAdapter {
  name: HookedAgent
  /** The file that the agent reads at its start, for the block. */
  instructions: string
  /** What stands before the block in a file that was made for it. */
  preface?: string
  hooks: HookPlace
  /**
   * How a sub-agent shows in what the agent tells: `named` by an id of its own within its session, `sessions` as a
   * session of its own, `unnamed` not at all.
   */
  subagents: 'named' | 'sessions' | 'unnamed'
  /** Whether a sub-agent's shell knows which one it is; if not, it has to name itself: `wrk --agent NAME`. */
  namesHelpersInShell: boolean
  /** The variable that names the project's folder to hooks; without one, their working directory is in it. */
  projectVariable?: string
  /** The variable that names a file whose lines the agent's shells run, where it has one. */
  environmentFile?: string
  /** Whether `uses` is a sign of life too: the agent has no other hook at each tool. */
  looksAreHeartbeats: boolean
  /** @param input the JSON of an event; @returns null for anything that is none of this agent's */
  read(input: unknown): AgentEvent | null
  /** The answer as the agent takes it; null where it cannot be told such a thing at this moment. */
  answer(event: AgentEvent, reply: Reply): object | null
}

type HookPlace = SettingsPlace | OwnFilePlace

/** Hooks among other settings of a JSON file. */
export interface SettingsPlace {
  kind: 'settings'
  /** Of the workspace, for the team. */
  shared: string
  /** Of one machine; null where the agent has none. */
  local: string | null
  /** `groups`: event -> groups with a matcher -> handlers; `flat`: event -> handlers. */
  style: 'groups' | 'flat'
  /** What else a file that is made for the hooks holds. */
  root: Readonly<Record<string, number>>
  entries: readonly HookEntry[]
}

export interface HookEntry {
  event: string
  word: HookWord
  matcher?: string
  /** Fields of the handler besides its command. */
  fields: Readonly<Record<string, string | number | boolean>>
}

/** A file that holds nothing but wrk's. */
interface OwnFilePlace {
  kind: 'file'
  shared: string
}
