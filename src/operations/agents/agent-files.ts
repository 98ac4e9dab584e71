/** The files of a workspace that wrk's instructions and hooks for an agent are in. */
import { join, relative, sep } from 'node:path'
import type { AgentAdapter, HookWord } from '../../core/agents/agent-event.ts'
import { HOOK_FILE, hookCommand } from '../../core/agents/hook-command.ts'
import { copilotFile } from '../../core/agents/own-file.ts'
import type { SettingsHooks } from '../../core/agents/settings-hooks.ts'
import { workspaceOfQueue } from '../../store/queue.ts'
import type { Context } from '../context.ts'

/** The settings that a team shares, and those of one machine. */
export type Scope = 'shared' | 'local'
export const SCOPES: readonly Scope[] = ['shared', 'local']

/** What is put into the files, as the package holds it. */
export interface AgentTexts {
  /** What stands between the marks. */
  block: string
  /** The shell part of the hooks, and opencode's plugin; `@QUEUE@` is where the queue is in the workspace. */
  hookFile: string
  opencodePlugin: string
  /** Where the plugin of Claude Code is in the package; null in the standalone executable, which has no such folder. */
  pluginFolder: string | null
  /** What starts this wrk, for the settings of this machine. */
  program: readonly string[]
}

export interface Workspace {
  root: string
  /** Where its queue is in it, with slashes. */
  queue: string
  texts: AgentTexts
}

/** In a linked worktree its own files, although the queue is that of the main one: that is where the agent works. */
export function workspaceFor({ queue }: Context, texts: AgentTexts): Workspace {
  const place = queue.linked ?? queue.root
  const root = workspaceOfQueue(place)
  return { root, queue: relative(root, place).split(sep).join('/'), texts }
}

/** The shell part that a hook sources. */
export function hookFileOf({ queue }: Workspace, scope: Scope): string {
  return scope === 'shared' ? `${queue}/${HOOK_FILE}` : `${queue}/.wrk/${HOOK_FILE}`
}

/** Where the shell part and Node keep when hooks ran and are due. */
export function stampFolder({ root, queue }: Workspace): string {
  return join(root, queue, '.wrk', 'hooks')
}

export function hookFileText({ queue, texts }: Workspace): string {
  return texts.hookFile.replaceAll('@QUEUE@', queue.replace(/["$`\\]/g, '\\$&'))
}

function hookCommandOf(
  workspace: Workspace,
  adapter: AgentAdapter,
  scope: Scope,
): (word: HookWord) => string {
  const program = scope === 'local' ? workspace.texts.program : []
  return word => hookCommand(adapter, word, hookFileOf(workspace, scope), program)
}

/** The file for an agent's hooks; null where it has none of that scope. */
export function hooksFileOf({ hooks }: AgentAdapter, scope: Scope): string | null {
  if (scope === 'shared') return hooks.shared
  return hooks.kind === 'settings' ? hooks.local : null
}

/** What is to be in the settings file of an agent whose hooks are in one. */
export function settingsHooks(workspace: Workspace, adapter: AgentAdapter, scope: Scope): SettingsHooks {
  const { hooks } = adapter
  if (hooks.kind !== 'settings') throw new Error(`${adapter.name} has a file of its own`)
  return { ...hooks, command: hookCommandOf(workspace, adapter, scope) }
}

/** The whole text of an agent's own file. */
export function ownFileText(workspace: Workspace, adapter: AgentAdapter): string {
  if (adapter.name === 'copilot') return copilotFile(hookCommandOf(workspace, adapter, 'shared'))
  return workspace.texts.opencodePlugin.replaceAll('@QUEUE@', JSON.stringify(workspace.queue).slice(1, -1))
}
