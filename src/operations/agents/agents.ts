/**
 * Tells agents how to work with wrk: a marked block in the file that each reads at its start, and for Claude Code the
 * hooks. Everything is read and planned before anything is written, so that a file that cannot be edited leaves all
 * of them as they are. Safe to repeat.
 */
import { dirname, join } from 'node:path'
import {
  type Edited,
  type HookState,
  hookState,
  withHooks,
  withoutHooks,
} from '../../core/agents/claude-settings.ts'
import { blockOf, findBlock, withBlock, withoutBlock } from '../../core/agents/marked-block.ts'
import { WrkError } from '../../core/errors.ts'
import {
  readWorkspaceFile,
  removeEmptyFolder,
  type WorkspaceFile,
  writeWorkspaceFile,
} from '../../store/files/workspace-file.ts'
import { workspaceOfQueue } from '../../store/queue.ts'
import type { Context } from '../context.ts'

/** The file that each agent reads. */
const INSTRUCTIONS = { claude: 'CLAUDE.md', codex: 'AGENTS.md', gemini: 'GEMINI.md' } as const

export type InstructedAgent = keyof typeof INSTRUCTIONS
export const INSTRUCTED = Object.keys(INSTRUCTIONS) as InstructedAgent[]

/** Claude Code's settings: those that a team shares, and those of one machine. */
const SETTINGS = { shared: join('.claude', 'settings.json'), local: join('.claude', 'settings.local.json') }
type Scope = keyof typeof SETTINGS

export interface AgentTexts {
  /** What stands between the marks. */
  block: string
  /** The hooks' command line in each settings file. */
  commands: Record<Scope, string>
}

interface FileChange {
  /** Relative to the workspace, as it was named. */
  file: string
  /** Where it lies, without links. */
  path: string
  what: 'instructions' | 'hooks'
  change: 'created' | 'added' | 'updated' | 'removed' | 'deleted' | 'unchanged'
}

export interface AgentsChange {
  workspace: string
  files: FileChange[]
}

interface Plan extends FileChange {
  from: WorkspaceFile
  after: string | null
}

/** @throws WrkError USAGE (a file that cannot be edited, with line and column), IO */
export function installAgents(
  context: Context,
  agents: readonly InstructedAgent[],
  { block, commands }: AgentTexts,
  scope: Scope,
): AgentsChange {
  return change(context, agents, [scope], {
    instructions: text => withBlock(text, block),
    hooks: text => withHooks(text, commands[scope]),
  })
}

/** Removes what install added, and nothing else. */
export function uninstallAgents(context: Context, agents: readonly InstructedAgent[]): AgentsChange {
  return change(context, agents, ['shared', 'local'], {
    instructions: text => text && withoutBlock(text),
    hooks: text => (text === null ? { kind: 'empty' } : withoutHooks(text)),
  })
}

interface Edits {
  instructions: (text: string | null) => string | null
  hooks: (text: string | null) => Edited
}

function change(
  context: Context,
  agents: readonly InstructedAgent[],
  scopes: readonly Scope[],
  edits: Edits,
): AgentsChange {
  const { host } = context.store
  const { disk } = host
  const workspace = workspaceFor(context)
  const plans: Plan[] = []
  const plan = (file: string, what: FileChange['what'], edit: (from: WorkspaceFile) => string | null) => {
    const from = readWorkspaceFile(disk, workspace, file)
    // CLAUDE.md is often a link to AGENTS.md: one file, one block.
    if (plans.some(({ path }) => path === from.path)) return
    const after = edit(from)
    plans.push({ file, path: from.path, what, change: kindOfChange(from.text, after), from, after })
  }
  for (const agent of agents) {
    plan(INSTRUCTIONS[agent], 'instructions', from => editBlock(from, edits.instructions))
    if (agent === 'claude')
      for (const scope of scopes) plan(SETTINGS[scope], 'hooks', from => editSettings(from, edits.hooks))
  }
  for (const { from, after, change: kind } of plans)
    if (kind !== 'unchanged') writeWorkspaceFile(disk, from, after, host)
  if (plans.some(({ what, change: kind }) => what === 'hooks' && kind === 'deleted'))
    removeEmptyFolder(disk, join(workspace, dirname(SETTINGS.shared)))
  const there = plans.filter(({ from, after }) => from.text !== null || after !== null)
  return { workspace, files: there.map(({ from: _, after: __, ...file }) => file) }
}

/** In a linked worktree its own files, although the queue is that of the main one: that is where the agent works. */
function workspaceFor({ queue }: Context): string {
  return workspaceOfQueue(queue.linked ?? queue.root)
}

function kindOfChange(before: string | null, after: string | null): FileChange['change'] {
  if (before === after) return 'unchanged'
  if (before === null) return 'created'
  if (after === null) return 'deleted'
  if (after.length < before.length) return hasOurs(after) ? 'updated' : 'removed'
  return hasOurs(before) ? 'updated' : 'added'
}

function hasOurs(text: string): boolean {
  return findBlock(text).kind === 'block' || ['installed', 'outdated'].includes(hookState(text, ''))
}

function editBlock({ path, text }: WorkspaceFile, edit: Edits['instructions']): string | null {
  const found = findBlock(text ?? '')
  if (found.kind === 'broken') throw badText(path, text!, found)
  return edit(text)
}

function editSettings({ path, text }: WorkspaceFile, edit: Edits['hooks']): string | null {
  const edited = edit(text)
  if (edited.kind === 'error') throw badText(path, text!, edited)
  return edited.kind === 'empty' ? null : edited.text
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

export interface AgentStatus {
  agent: InstructedAgent
  file: string
  /** `broken`: the marks do not make one block. */
  block: 'none' | 'installed' | 'outdated' | 'broken'
  /** Of Claude Code, by settings file. */
  hooks: Record<string, HookState>
}

/** What is installed where. */
export function agentsStatus(
  context: Context,
  { block, commands }: AgentTexts,
): { workspace: string; agents: AgentStatus[] } {
  const { disk } = context.store.host
  const workspace = workspaceFor(context)
  const agents = INSTRUCTED.map((agent): AgentStatus => {
    const { text } = readWorkspaceFile(disk, workspace, INSTRUCTIONS[agent])
    const found = findBlock(text ?? '')
    const current = found.kind === 'block' && found.content === blockOf(block)
    const state = found.kind === 'block' ? (current ? 'installed' : 'outdated') : found.kind
    const hooks: AgentStatus['hooks'] = {}
    for (const scope of agent === 'claude' ? (['shared', 'local'] as const) : []) {
      const settings = readWorkspaceFile(disk, workspace, SETTINGS[scope]).text
      hooks[SETTINGS[scope]] = settings === null ? 'none' : hookState(settings, commands[scope])
    }
    return { agent, file: INSTRUCTIONS[agent], block: state, hooks }
  })
  return { workspace, agents }
}
