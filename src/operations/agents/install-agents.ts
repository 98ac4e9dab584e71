/**
 * Tells agents how to work with wrk: a marked block in the file that each reads at its start, and hooks in its
 * settings. Everything is read and planned before anything is written, so that a file that cannot be edited leaves all
 * of them as they are. Safe to repeat.
 */
import { dirname, join } from 'node:path'
import { ADAPTERS } from '../../core/agents/adapters/adapters.ts'
import type { AgentAdapter } from '../../core/agents/agent-event.ts'
import { PLUGIN_MEMBERS, pluginMembers } from '../../core/agents/claude-plugin.ts'
import { findBlock, withBlock, withoutBlock } from '../../core/agents/marked-block.ts'
import { mcpPlace } from '../../core/agents/mcp-place.ts'
import { withMcpServer, withoutMcpServer } from '../../core/agents/mcp-settings.ts'
import { isOwnFile } from '../../core/agents/own-file.ts'
import { hasHooks, withHooks, withoutHooks } from '../../core/agents/settings-hooks.ts'
import { hasMembers, withMembers, withoutMembers } from '../../core/agents/settings-members.ts'
import type { Edited } from '../../core/agents/settings-text.ts'
import { WrkError } from '../../core/errors.ts'
import {
  readWorkspaceFile,
  removeEmptyFolder,
  type WorkspaceFile,
  writeWorkspaceFile,
} from '../../store/files/workspace-file.ts'
import type { Context } from '../context.ts'
import {
  type AgentTexts,
  hookFileOf,
  hookFileText,
  hooksFileOf,
  ownFileText,
  SCOPES,
  type Scope,
  settingsHooks,
  type Workspace,
  workspaceFor,
} from './agent-files.ts'

interface AgentFileChange {
  /** Relative to the workspace, as it was named. */
  file: string
  /** Where it lies, without links. */
  path: string
  what: 'instructions' | 'hooks' | 'mcp'
  change: 'created' | 'added' | 'updated' | 'removed' | 'deleted' | 'unchanged'
}

export interface AgentsChange {
  workspace: string
  files: AgentFileChange[]
}

interface Plan extends AgentFileChange {
  from: WorkspaceFile
  after: string | null
}

export interface HowToInstall {
  scope: Scope
  /** Claude Code's plugin in place of hooks in its settings: both at once would do everything twice. */
  plugin: boolean
  /** `wrk mcp` in the agent's own settings, too. */
  mcp?: boolean
}

/** @throws WrkError USAGE (a file that cannot be edited, with line and column), IO */
export function installAgents(
  context: Context,
  agents: readonly AgentAdapter[],
  texts: AgentTexts,
  how: HowToInstall,
): AgentsChange {
  const workspace = workspaceFor(context, texts)
  const plans = new Plans(context, workspace)
  for (const agent of agents) {
    plans.add(agent.instructions, 'instructions', from =>
      editBlock(from, text => withBlock(text, texts.block, agent.preface)),
    )
    if (agent.name === 'claude' && how.plugin) planPlugin(plans, agent, texts)
    else planHooks(plans, workspace, agent, how.scope)
  }
  if (how.mcp)
    for (const agent of agents) {
      const place = mcpPlace(agent.name, workspace.queue)
      plans.add(place.file, 'mcp', from => editSettings(from, text => withMcpServer(text, place)))
    }
  for (const one of SCOPES)
    if (plans.sources(hookFileOf(workspace, one)))
      plans.add(hookFileOf(workspace, one), 'hooks', from => editOwnFile(from, hookFileText(workspace)))
    else plans.addIfThere(hookFileOf(workspace, one), 'hooks', from => editOwnFile(from, null))
  return plans.write()
}

function planHooks(plans: Plans, workspace: Workspace, agent: AgentAdapter, scope: Scope): void {
  const { hooks } = agent
  const own = hooksFileOf(agent, scope) === null ? 'shared' : scope
  plans.add(hooksFileOf(agent, own)!, 'hooks', from =>
    hooks.kind === 'file'
      ? editOwnFile(from, ownFileText(workspace, agent))
      : editSettings(from, text =>
          afterwards(withoutPlugin(text), bare => withHooks(bare, settingsHooks(workspace, agent, own))),
        ),
  )
  const local = hooksFileOf(agent, 'local')
  if (local !== null && own !== 'local' && plans.has(local, text => hasMembers(text, PLUGIN_MEMBERS)))
    plans.add(local, 'hooks', from => editSettings(from, withoutPlugin))
}

function planPlugin(plans: Plans, agent: AgentAdapter, { pluginFolder }: AgentTexts): void {
  const { hooks } = agent
  if (hooks.kind !== 'settings') return
  if (pluginFolder === null)
    throw new WrkError('USAGE', 'the standalone executable has no plugin folder', {
      hint: 'Install the package (npm install --global wrk-cli), or use hooks: wrk agents install claude',
    })
  const bare = (text: string | null): Edited =>
    text === null ? { kind: 'empty' } : withoutHooks(text, hooks.root)
  plans.addIfThere(hooks.shared, 'hooks', from => editSettings(from, bare))
  plans.add(hooks.local!, 'hooks', from =>
    editSettings(from, text =>
      afterwards(bare(text), rest => withMembers(rest, pluginMembers(pluginFolder))),
    ),
  )
}

function withoutPlugin(text: string | null): Edited {
  return text === null ? { kind: 'empty' } : withoutMembers(text, PLUGIN_MEMBERS)
}

/** One edit after another; the first that finds an error ends it. */
function afterwards(edited: Edited, next: (text: string | null) => Edited): Edited {
  if (edited.kind === 'error') return edited
  return next(edited.kind === 'empty' ? null : edited.text)
}

/** Removes what install added, and nothing else. */
export function uninstallAgents(
  context: Context,
  agents: readonly AgentAdapter[],
  texts: AgentTexts,
): AgentsChange {
  const workspace = workspaceFor(context, texts)
  const plans = new Plans(context, workspace)
  for (const agent of agents) {
    const place = mcpPlace(agent.name, workspace.queue)
    // Two agents may have one file; it is needed as long as one of them has hooks.
    const isShared = plans
      .others(agents)
      .some(other => mcpPlace(other.name, workspace.queue).file === place.file)
    if (!isShared)
      plans.add(place.file, 'mcp', from =>
        editSettings(from, text => (text === null ? { kind: 'empty' } : withoutMcpServer(text, place))),
      )
  }
  for (const agent of agents)
    for (const scope of SCOPES) {
      const file = hooksFileOf(agent, scope)
      const { hooks } = agent
      if (file !== null)
        plans.add(file, 'hooks', from =>
          hooks.kind === 'file'
            ? editOwnFile(from, null)
            : editSettings(from, text =>
                afterwards(withoutPlugin(text), bare =>
                  bare === null ? { kind: 'empty' } : withoutHooks(bare, hooks.root),
                ),
              ),
        )
    }
  for (const agent of agents)
    if (!plans.others(agents).some(other => other.instructions === agent.instructions))
      plans.add(agent.instructions, 'instructions', from =>
        editBlock(from, text => text && withoutBlock(text, agent.preface)),
      )
  for (const one of SCOPES)
    if (!plans.sources(hookFileOf(workspace, one)))
      plans.add(hookFileOf(workspace, one), 'hooks', from => editOwnFile(from, null))
  return plans.write()
}

/** What is to become of the files; nothing is written before all of it is known. */
class Plans {
  private readonly plans: Plan[] = []
  private readonly context: Context
  private readonly workspace: Workspace

  constructor(context: Context, workspace: Workspace) {
    this.context = context
    this.workspace = workspace
  }

  add(file: string, what: AgentFileChange['what'], edit: (from: WorkspaceFile) => string | null): void {
    const from = this.read(file)
    const planned = this.plans.find(({ path }) => path === from.path)
    // CLAUDE.md is often a link to AGENTS.md: one file, one block. Hooks and a server may be in one file, too.
    if (planned) {
      if (planned.what === what) return
      planned.after = edit({ ...from, text: planned.after })
      planned.change = kindOfChange(from.text, planned.after)
      return
    }
    const after = edit(from)
    this.plans.push({ file, path: from.path, what, change: kindOfChange(from.text, after), from, after })
  }

  /** The same for a file that need not be made. */
  addIfThere(
    file: string,
    what: AgentFileChange['what'],
    edit: (from: WorkspaceFile) => string | null,
  ): void {
    if (this.read(file).text !== null) this.add(file, what, edit)
  }

  has(file: string, test: (text: string) => boolean): boolean {
    const { text } = this.read(file)
    return text !== null && test(text)
  }

  /** Whether hooks of any agent will source this file. */
  sources(hookFile: string): boolean {
    return this.hookTexts(ADAPTERS).some(text => text.includes(`$d/${hookFile}`))
  }

  /** The agents besides these that have hooks. */
  others(agents: readonly AgentAdapter[]): AgentAdapter[] {
    return ADAPTERS.filter(one => !agents.includes(one) && this.hookTexts([one]).some(isInstalled))
  }

  /** The files with hooks of these agents, as they will be. */
  private hookTexts(agents: readonly AgentAdapter[]): string[] {
    const files = agents.flatMap(agent => SCOPES.map(scope => hooksFileOf(agent, scope)))
    return files.flatMap(file => {
      const from = file === null ? null : this.readOfOthers(file)
      if (!from) return []
      const plan = this.plans.find(({ path }) => path === from.path)
      return (plan ? plan.after : from.text) ?? []
    })
  }

  /** A file that this call is not about may be such that wrk cannot edit it. */
  private readOfOthers(file: string): WorkspaceFile | null {
    try {
      return this.read(file)
    } catch (error) {
      if (error instanceof WrkError && error.code === 'USAGE') return null
      throw error
    }
  }

  private read(file: string): WorkspaceFile {
    return readWorkspaceFile(this.context.store.host.disk, this.workspace.root, file)
  }

  write(): AgentsChange {
    const { host } = this.context.store
    const { root } = this.workspace
    for (const { from, after, change } of this.plans)
      if (change !== 'unchanged') writeWorkspaceFile(host.disk, from, after, host)
    for (const { file, change } of this.plans)
      for (let folder = dirname(file); change === 'deleted' && folder !== '.'; folder = dirname(folder))
        removeEmptyFolder(host.disk, join(root, folder))
    const there = this.plans.filter(({ from, after }) => from.text !== null || after !== null)
    return { workspace: root, files: there.map(({ from: _, after: __, ...file }) => file) }
  }
}

const isInstalled = (text: string): boolean => hasHooks(text) || isOwnFile(text)

function kindOfChange(before: string | null, after: string | null): AgentFileChange['change'] {
  if (before === after) return 'unchanged'
  if (before === null) return 'created'
  if (after === null) return 'deleted'
  if (after.length < before.length) return hasOurs(after) ? 'updated' : 'removed'
  return hasOurs(before) ? 'updated' : 'added'
}

function hasOurs(text: string): boolean {
  return (
    findBlock(text).kind === 'block' ||
    hasHooks(text) ||
    hasMembers(text, PLUGIN_MEMBERS) ||
    isOwnFile(text) ||
    text.includes('"wrk-cli"')
  )
}

function editBlock(
  { path, text }: WorkspaceFile,
  edit: (text: string | null) => string | null,
): string | null {
  const found = findBlock(text ?? '')
  if (found.kind === 'broken') throw badText(path, text!, found)
  return edit(text)
}

function editSettings({ path, text }: WorkspaceFile, edit: (text: string | null) => Edited): string | null {
  const edited = edit(text)
  if (edited.kind === 'error') throw badText(path, text!, edited)
  return edited.kind === 'empty' ? null : edited.text
}

/** @param after null to remove it; a file of that name that somebody else made stays */
function editOwnFile({ path, text }: WorkspaceFile, after: string | null): string | null {
  if (text === null || isOwnFile(text)) return after
  if (after === null) return text
  throw new WrkError('USAGE', `${path} was not made by wrk`, {
    hint: 'Rename it, then run the command again.',
    details: { path },
  })
}

function badText(
  path: string,
  text: string,
  { offset, message }: { offset: number; message: string },
): WrkError {
  const lines = text.slice(0, offset).split('\n')
  const line = lines.length
  // The text has one character for each byte; people count letters.
  const column = Buffer.from(lines.at(-1)!, 'latin1').toString('utf8').length + 1
  return new WrkError('USAGE', `${path}:${line}:${column}: ${message}`, {
    hint: 'Nothing was changed. Correct the file in an editor, then run the command again.',
    details: { path, line, column },
  })
}
