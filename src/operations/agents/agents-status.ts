/**
 * What of wrk is installed for which agent, whether its hooks would find wrk, and when each ran last. Three things, since
 * each can be without the next: Codex skips hooks that its user has not trusted, and says nothing.
 */
import { ADAPTERS } from '../../core/agents/adapters/adapters.ts'
import type { AgentAdapter, HookedAgent, HookWord } from '../../core/agents/agent-event.ts'
import { PLUGIN_MEMBERS } from '../../core/agents/claude-plugin.ts'
import { blockOf, findBlock } from '../../core/agents/marked-block.ts'
import { mcpPlace } from '../../core/agents/mcp-place.ts'
import { hasMcpServer } from '../../core/agents/mcp-settings.ts'
import { isOwnFile } from '../../core/agents/own-file.ts'
import { type HookState, hookState } from '../../core/agents/settings-hooks.ts'
import { hasMembers } from '../../core/agents/settings-members.ts'
import { readWorkspaceFile } from '../../store/files/workspace-file.ts'
import type { Context } from '../context.ts'
import {
  type AgentTexts,
  hookFileOf,
  hookFileText,
  hooksFileOf,
  ownFileText,
  SCOPES,
  settingsHooks,
  stampFolder,
  type Workspace,
  workspaceFor,
} from './agent-files.ts'
import { lastSeen } from './hook-stamp.ts'
import { type Reach, reachProgram } from './reach-program.ts'

export interface AgentStatus {
  agent: HookedAgent
  file: string
  /** `broken`: the marks do not make one block. */
  block: 'none' | 'installed' | 'outdated' | 'broken'
  /** By the file that they are in. */
  hooks: Record<string, HookState>
  /** Whether the settings of this machine turn Claude Code's plugin on. */
  plugin: boolean
  /** The file that the hooks source; null where they have none, or are not installed. */
  shellPart: 'missing' | 'installed' | 'outdated' | null
  /** Whether the hooks find wrk; null where none are installed. */
  reachable: Reach | null
  /** Where the agent keeps MCP servers, and whether `wrk mcp` is among them. */
  mcp: { file: string; installed: boolean }
  /** When each hook ran last in this workspace, on this machine; null: it has not been seen. */
  seen: Record<HookWord, Date | null>
  subagents: AgentAdapter['subagents']
}

const HOOK_WORDS: readonly HookWord[] = ['begin', 'beat', 'look', 'end']

/** What is installed where. */
export async function agentsStatus(
  context: Context,
  texts: AgentTexts,
): Promise<{ workspace: string; agents: AgentStatus[] }> {
  const workspace = workspaceFor(context, texts)
  const agents = ADAPTERS.map(agent => statusOf(context, workspace, agent))
  const installed = agents.filter(({ hooks, plugin }) => plugin || Object.values(hooks).some(isInstalled))
  const reach = installed.length > 0 ? await reachProgram(workspace.root, context.env) : null
  for (const agent of installed) agent.reachable = reach
  return { workspace: workspace.root, agents }
}

const isInstalled = (state: HookState): boolean => state === 'installed' || state === 'outdated'

function statusOf(context: Context, workspace: Workspace, agent: AgentAdapter): AgentStatus {
  const read = (file: string) => readWorkspaceFile(context.store.host.disk, workspace.root, file).text
  const found = findBlock(read(agent.instructions) ?? '')
  const isCurrent = found.kind === 'block' && found.content === blockOf(workspace.texts.block)
  const hooks: AgentStatus['hooks'] = {}
  let shellPart: AgentStatus['shellPart'] = null
  let plugin = false
  for (const scope of SCOPES) {
    const file = hooksFileOf(agent, scope)
    if (file === null) continue
    const text = read(file)
    const state = text === null ? 'none' : stateOfHooks(workspace, agent, scope, text)
    hooks[file] = state
    if (agent.name === 'claude' && text !== null && hasMembers(text, PLUGIN_MEMBERS)) plugin = true
    if (isInstalled(state) && agent.name !== 'opencode')
      shellPart = shellPartState(read(hookFileOf(workspace, scope)), workspace)
  }
  const folder = stampFolder(workspace)
  const seen = Object.fromEntries(HOOK_WORDS.map(word => [word, lastSeen(folder, agent.name, word)]))
  const place = mcpPlace(agent.name, workspace.queue)
  const servers = read(place.file)
  return {
    agent: agent.name,
    file: agent.instructions,
    block: found.kind === 'block' ? (isCurrent ? 'installed' : 'outdated') : found.kind,
    hooks,
    mcp: { file: place.file, installed: servers !== null && hasMcpServer(servers, place) },
    plugin,
    shellPart,
    reachable: null,
    seen: seen as AgentStatus['seen'],
    subagents: agent.subagents,
  }
}

function shellPartState(text: string | null, workspace: Workspace): 'missing' | 'installed' | 'outdated' {
  if (text === null) return 'missing'
  return text === hookFileText(workspace) ? 'installed' : 'outdated'
}

function stateOfHooks(
  workspace: Workspace,
  agent: AgentAdapter,
  scope: (typeof SCOPES)[number],
  text: string,
): HookState {
  if (agent.hooks.kind === 'settings') return hookState(text, settingsHooks(workspace, agent, scope))
  if (!isOwnFile(text)) return 'unreadable'
  return text === ownFileText(workspace, agent) ? 'installed' : 'outdated'
}
