/**
 * Cursor, its editor and its command line. https://cursor.com/docs/hooks, read 2026-11-29; fields as captured from 3.18.25 on
 * 2026-09-03 (fixtures/agents/cursor). Pure.
 *
 * - Hooks in `.cursor/hooks.json`, version 1: event -> handlers with a `command`, run from the project's root.
 * - All events carry `conversation_id`, which is also that of CURSOR_CONVERSATION_ID in its shells, and `cursor_version`;
 *   `cwd` may be empty. Edits come as the tool Write (older ones by other names, or by none); some reports show
 *   patches.
 * - preToolUse refuses with `permission: "deny"`, whose `agent_message` the agent reads; sessionStart reads
 *   `additional_context`.
 * - A sub-agent is a conversation of its own, which names neither its parent nor itself as a sub-agent
 *   (ScriptedAlchemy/agent-bundle#424, September 2026).
 */
import { isSessionId } from '../../sessions/session.ts'
import type { AgentAdapter, AgentMoment } from '../agent-event.ts'
import { filesOfPatch } from '../patch-files.ts'
import { argumentsOf, wordOf } from '../payload.ts'

const EDITING = ['Write', 'Edit', 'MultiEdit', 'StrReplace', 'EditNotebook', 'Delete', 'ApplyPatch']
const TIMEOUT = { timeout: 10 }

export const cursor: AgentAdapter = {
  name: 'cursor',
  instructions: '.cursor/rules/wrk.mdc',
  preface: '---\ndescription: Work items of this repository (wrk)\nalwaysApply: true\n---\n',
  hooks: {
    kind: 'settings',
    shared: '.cursor/hooks.json',
    local: null,
    style: 'flat',
    root: { version: 1 },
    entries: [
      { event: 'sessionStart', word: 'begin', fields: TIMEOUT },
      { event: 'beforeSubmitPrompt', word: 'beat', fields: TIMEOUT },
      { event: 'preToolUse', word: 'look', matcher: ['Shell', ...EDITING].join('|'), fields: TIMEOUT },
      { event: 'stop', word: 'beat', fields: TIMEOUT },
      { event: 'sessionEnd', word: 'end', fields: TIMEOUT },
    ],
  },
  subagents: 'sessions',
  namesHelpersInShell: true,
  projectVariable: 'CURSOR_PROJECT_DIR',
  looksAreHeartbeats: true,
  read(input) {
    const name = wordOf(input, 'hook_event_name')
    const session = wordOf(input, 'conversation_id', 'session_id')
    if (name === null || session === null || !isSessionId(session)) return null
    return { name, session, helper: null, cwd: wordOf(input, 'cwd'), moment: momentOf(name, input) }
  },
  answer({ moment }, reply) {
    if (reply.kind === 'refuse')
      return { permission: 'deny', user_message: reply.reason, agent_message: reply.reason }
    return moment.kind === 'begins' ? { additional_context: reply.text } : null
  },
}

function momentOf(name: string, input: unknown): AgentMoment {
  switch (name) {
    case 'sessionStart':
      return { kind: 'begins', follows: false }
    case 'beforeSubmitPrompt':
    case 'stop':
      return { kind: 'alive' }
    case 'preToolUse':
      return useOf(wordOf(input, 'tool_name'), argumentsOf(input, 'tool_input'))
    case 'sessionEnd':
      return { kind: 'ends' }
    default:
      return { kind: 'other' }
  }
}

/** @param tool null in some versions (deftai/directive#2685): then the arguments show what it is */
function useOf(tool: string | null, given: unknown): AgentMoment {
  const mayEdit = tool === null || EDITING.includes(tool)
  const patch = typeof given === 'string' ? given : (wordOf(given, 'patch', 'input') ?? '')
  const file = mayEdit ? wordOf(given, 'file_path', 'path', 'target_file', 'target_notebook') : null
  return {
    kind: 'uses',
    files: [...(file === null ? [] : [file]), ...(mayEdit ? filesOfPatch(patch) : [])],
    command: tool === null || tool === 'Shell' ? wordOf(given, 'command') : null,
  }
}
