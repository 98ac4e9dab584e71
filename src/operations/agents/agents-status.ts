/**
 * What of wrk is installed for which agent, whether its hooks would find wrk, and when each ran last. Three things, since
 * each can be without the next: Codex skips hooks that its user has not trusted, and says nothing.
 */
import { ADAPTERS } from '../../core/agents/adapters/adapters.ts'
import type { AgentAdapter, HookedAgent, HookWord } from '../../core/agents/agent-event.ts'
import { blockOf, findBlock } from '../../core/agents/marked-block.ts'
import { isOwnFile } from '../../core/agents/own-file.ts'
import { type HookState, hookState } from '../../core/agents/settings-hooks.ts'
import { readWorkspaceFile } from '../../store/files/workspace-file.ts'
import type { Context } from '../context.ts'
import {
  type AgentTexts,
  hooksFileOf,
  ownFileText,
  SCOPES,
  settingsHooks,
  stampFolder,
  type Workspace,
  workspaceFor,
} from './agent-files.ts'
import { lastSeen } from './hook-stamp.ts'

export interface AgentStatus {
  agent: HookedAgent
  file: string
  /** `broken`: the marks do not make one block. */
  block: 'none' | 'installed' | 'outdated' | 'broken'
  /** By the file that they are in. */
  hooks: Record<string, HookState>
  /** When each hook ran last in this workspace, on this machine; null: it has not been seen. */
  seen: Record<HookWord, Date | null>
  subagents: AgentAdapter['subagents']
}

const WORDS: readonly HookWord[] = ['begin', 'beat', 'look', 'end']

/** What is installed where. */
export function agentsStatus(
  context: Context,
  texts: AgentTexts,
): { workspace: string; agents: AgentStatus[] } {
  const workspace = workspaceFor(context, texts)
  return { workspace: workspace.root, agents: ADAPTERS.map(agent => statusOf(context, workspace, agent)) }
}

function statusOf(context: Context, workspace: Workspace, agent: AgentAdapter): AgentStatus {
  const read = (file: string) => readWorkspaceFile(context.store.host.disk, workspace.root, file).text
  const found = findBlock(read(agent.instructions) ?? '')
  const isCurrent = found.kind === 'block' && found.content === blockOf(workspace.texts.block)
  const hooks: AgentStatus['hooks'] = {}
  for (const scope of SCOPES) {
    const file = hooksFileOf(agent, scope)
    if (file === null) continue
    const text = read(file)
    hooks[file] = text === null ? 'none' : stateOfHooks(workspace, agent, scope, text)
  }
  const folder = stampFolder(workspace)
  return {
    agent: agent.name,
    file: agent.instructions,
    block: found.kind === 'block' ? (isCurrent ? 'installed' : 'outdated') : found.kind,
    hooks,
    seen: Object.fromEntries(
      WORDS.map(word => [word, lastSeen(folder, agent.name, word)]),
    ) as AgentStatus['seen'],
    subagents: agent.subagents,
  }
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
