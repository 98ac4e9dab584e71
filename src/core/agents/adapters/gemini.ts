/**
 * Gemini CLI. https://geminicli.com/docs/hooks/reference (google-gemini/gemini-cli, docs/hooks/reference.md), read 2026-11-29.
 * Pure.
 *
 * - Hooks in `.gemini/settings.json`, in the form of Claude Code, with timeouts in milliseconds. stdout may hold nothing but
 *   the JSON; exit code 2 would block.
 * - BeforeTool refuses with `decision: "deny"` and `reason`, which the agent reads; `additionalContext` is read at
 *   SessionStart, BeforeAgent and AfterTool.
 * - SessionEnd is not waited for. Nothing names a sub-agent.
 * - A hook may leave its stdin unread (packages/core/src/hooks/hookRunner.ts ignores EPIPE).
 */
import { isSessionId } from '../../sessions/session.ts'
import type { AgentAdapter, AgentMoment } from '../agent-event.ts'
import { fieldOf, wordOf } from '../payload.ts'

const EDITING = new Set(['write_file', 'replace', 'edit'])
const SHELL = 'run_shell_command'

const TIMEOUT = { name: 'wrk', timeout: 10_000 }

const READS_CONTEXT = new Set(['SessionStart', 'BeforeAgent', 'AfterTool'])

export const gemini: AgentAdapter = {
  name: 'gemini',
  instructions: 'GEMINI.md',
  hooks: {
    kind: 'settings',
    shared: '.gemini/settings.json',
    local: null,
    style: 'groups',
    root: {},
    entries: [
      { event: 'SessionStart', word: 'begin', fields: TIMEOUT },
      { event: 'BeforeAgent', word: 'beat', fields: TIMEOUT },
      { event: 'BeforeTool', word: 'look', matcher: `^(${[...EDITING, SHELL].join('|')})$`, fields: TIMEOUT },
      { event: 'AfterTool', word: 'beat', fields: TIMEOUT },
      { event: 'AfterAgent', word: 'beat', fields: TIMEOUT },
      { event: 'SessionEnd', word: 'end', fields: TIMEOUT },
    ],
  },
  subagents: 'unnamed',
  namesHelpersInShell: false,
  projectVariable: 'GEMINI_PROJECT_DIR',
  looksAreHeartbeats: false,
  read(input) {
    const name = wordOf(input, 'hook_event_name')
    const session = wordOf(input, 'session_id')
    if (name === null || session === null || !isSessionId(session)) return null
    return { name, session, helper: null, cwd: wordOf(input, 'cwd'), moment: momentOf(name, input) }
  },
  answer({ name }, reply) {
    if (reply.kind === 'refuse') return { decision: 'deny', reason: reply.reason }
    if (!READS_CONTEXT.has(name)) return null
    return { hookSpecificOutput: { hookEventName: name, additionalContext: reply.text } }
  },
}

function momentOf(name: string, input: unknown): AgentMoment {
  switch (name) {
    case 'SessionStart': {
      const source = wordOf(input, 'source')
      return { kind: 'begins', follows: source === 'clear' || source === 'resume' }
    }
    case 'BeforeAgent':
    case 'AfterTool':
    case 'AfterAgent':
      return { kind: 'alive' }
    case 'BeforeTool': {
      const tool = wordOf(input, 'tool_name') ?? ''
      const given = fieldOf(input, 'tool_input')
      const file = EDITING.has(tool) ? wordOf(given, 'file_path', 'absolute_path') : null
      return {
        kind: 'uses',
        files: file === null ? [] : [file],
        command: tool === SHELL ? wordOf(given, 'command') : null,
      }
    }
    case 'SessionEnd':
      return { kind: 'ends' }
    default:
      return { kind: 'other' }
  }
}
