/**
 * Claude Code. https://code.claude.com/docs/en/hooks, read 2026-11-29; fields as captured from 2.1.257 on 2026-09-03
 * (fixtures/agents/claude). Pure.
 *
 * - All events carry `session_id`, `transcript_path`, `cwd`, `hook_event_name`; tools `tool_name` and `tool_input`; within a
 *   sub-agent there are `agent_id` and `agent_type`.
 * - SessionStart has `source` (startup, resume, clear, compact, fork), SessionEnd has `reason`. After `clear` the same
 *   process goes on under a new `session_id`, and after `resume` under another one, so at every reason the session of
 *   this id is over.
 * - The answer is JSON on stdout with exit code 0. `additionalContext` is read at SessionStart, SubagentStart,
 *   UserPromptSubmit and PostToolUse; PreToolUse refuses with `permissionDecision: "deny"`, and the agent reads why.
 * - `async: true` lets the agent go on while the hook runs; what such a hook says reaches it with its next turn.
 * - Copilot CLI and Cursor read .claude/settings.json too, and run its hooks: their events are not Claude's.
 */
import { isSessionId } from '../../sessions/session.ts'
import type { AgentAdapter, AgentEvent, AgentMoment, Reply } from '../agent-event.ts'
import { helperNameOf } from '../helper-name.ts'
import { fieldOf, wordOf } from '../payload.ts'

/** The tools that write to files, and the shell (https://code.claude.com/docs/en/hooks#matcher-patterns). */
const WRITING_TOOLS = 'Edit|MultiEdit|Write|NotebookEdit|Bash'
const EDITING = new Set(['Edit', 'MultiEdit', 'Write', 'NotebookEdit'])

/** Should wrk ever hang, the agent ends it after so many seconds; its own default is a minute or more. */
const TIMEOUT = { timeout: 10 }
const IN_BACKGROUND = { ...TIMEOUT, async: true }

export const claude: AgentAdapter = {
  name: 'claude',
  instructions: 'CLAUDE.md',
  hooks: {
    kind: 'settings',
    shared: '.claude/settings.json',
    local: '.claude/settings.local.json',
    style: 'groups',
    root: {},
    entries: [
      { event: 'SessionStart', word: 'begin', fields: TIMEOUT },
      { event: 'SubagentStart', word: 'begin', fields: TIMEOUT },
      { event: 'UserPromptSubmit', word: 'beat', fields: TIMEOUT },
      { event: 'PreToolUse', word: 'look', matcher: WRITING_TOOLS, fields: TIMEOUT },
      { event: 'PostToolUse', word: 'beat', fields: IN_BACKGROUND },
      { event: 'Stop', word: 'beat', fields: IN_BACKGROUND },
      { event: 'SessionEnd', word: 'end', fields: TIMEOUT },
    ],
  },
  subagents: 'named',
  namesHelpersInShell: false,
  projectVariable: 'CLAUDE_PROJECT_DIR',
  environmentFile: 'CLAUDE_ENV_FILE',
  looksAreHeartbeats: false,
  read: readClaudeStyle,
  answer: answerClaudeStyle,
}

/** Codex speaks the same language, but for the names of its tools. */
export function readClaudeStyle(input: unknown): AgentEvent | null {
  const name = wordOf(input, 'hook_event_name')
  const session = wordOf(input, 'session_id')
  if (name === null || session === null || !isSessionId(session) || isOfAnother(input)) return null
  return {
    name,
    session,
    helper: helperNameOf(wordOf(input, 'agent_id')),
    cwd: wordOf(input, 'cwd'),
    moment: momentOf(name, input),
  }
}

/** Cursor adds its version; Copilot a time, and no transcript. */
function isOfAnother(input: unknown): boolean {
  return (
    fieldOf(input, 'cursor_version') !== undefined ||
    (fieldOf(input, 'timestamp') !== undefined && fieldOf(input, 'transcript_path') === undefined)
  )
}

function momentOf(name: string, input: unknown): AgentMoment {
  switch (name) {
    case 'SessionStart': {
      const source = wordOf(input, 'source')
      return { kind: 'begins', follows: source === 'clear' || source === 'resume' }
    }
    case 'SubagentStart':
      return { kind: 'helperBegins' }
    case 'UserPromptSubmit':
    case 'PostToolUse':
    case 'Stop':
      // At Stop the agent has answered; its session goes on, and so does its claim.
      return { kind: 'alive' }
    case 'PreToolUse': {
      const tool = wordOf(input, 'tool_name') ?? ''
      const given = fieldOf(input, 'tool_input')
      const file = EDITING.has(tool) ? wordOf(given, 'file_path', 'notebook_path') : null
      return {
        kind: 'uses',
        files: file === null ? [] : [file],
        command: tool === 'Bash' ? wordOf(given, 'command') : null,
      }
    }
    case 'SessionEnd':
      // The end of a sub-agent is not that of its session.
      return { kind: wordOf(input, 'agent_id') === null ? 'ends' : 'other' }
    default:
      return { kind: 'other' }
  }
}

const READS_CONTEXT = new Set(['SessionStart', 'SubagentStart', 'UserPromptSubmit', 'PostToolUse'])

export function answerClaudeStyle({ name }: AgentEvent, reply: Reply): object | null {
  if (reply.kind === 'refuse')
    return {
      hookSpecificOutput: {
        hookEventName: name,
        permissionDecision: 'deny',
        permissionDecisionReason: reply.reason,
      },
    }
  if (!READS_CONTEXT.has(name)) return null
  return { hookSpecificOutput: { hookEventName: name, additionalContext: reply.text } }
}
