/**
 * What Claude Code tells its hooks, and the forms in which it takes an answer. Pure.
 *
 * - Input, one JSON object on stdin: https://code.claude.com/docs/en/hooks#hook-input. All events carry `session_id`,
 *   `cwd` and `hook_event_name`; tools carry `tool_name` and `tool_input`; within a sub-agent there is `agent_id`.
 * - Answer on stdout with exit code 0: https://code.claude.com/docs/en/hooks#json-output. `additionalContext` is read
 *   at SessionStart, UserPromptSubmit and PostToolUse; PreToolUse refuses with `permissionDecision: "deny"`, and the
 *   reason is shown to the agent. Exit code 2 would block; any other is an error that is shown. wrk always gives 0.
 * - SessionStart has `source` (startup, resume, clear, compact, fork), SessionEnd has `reason` (clear, resume, logout,
 *   prompt_input_exit, bypass_permissions_disabled, other): https://code.claude.com/docs/en/hooks#sessionend.
 *   After `clear` the same process goes on under a new `session_id`, and after `resume` under another one, so at every
 *   reason the session of this id is over.
 */
import { isSessionId } from '../sessions/session.ts'

export interface ClaudeEvent {
  name: string
  session: string
  cwd: string | null
  /** Of SessionStart: `startup`, `resume`, `clear`, `compact`, `fork`. */
  source: string | null
  /** Within a sub-agent, which shares its parent's session. */
  isSubagent: boolean
  /** The file that a tool is about to write to. */
  file: string | null
  /** The shell command that is about to run. */
  command: string | null
}

const EDITING = new Set(['Edit', 'MultiEdit', 'Write', 'NotebookEdit'])

/** @returns null for anything that is not the JSON of an event */
export function parseClaudeEvent(text: string): ClaudeEvent | null {
  let input: unknown
  try {
    input = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  const field = (of: unknown, key: string): unknown =>
    (of as Record<string, unknown> | null | undefined)?.[key]
  const word = (of: unknown, key: string): string | null => {
    const value = field(of, key)
    return typeof value === 'string' && value !== '' ? value : null
  }
  const name = word(input, 'hook_event_name')
  const session = word(input, 'session_id')
  if (name === null || session === null || !isSessionId(session)) return null
  const tool = word(input, 'tool_name') ?? ''
  const given = field(input, 'tool_input')
  return {
    name,
    session,
    cwd: word(input, 'cwd'),
    source: word(input, 'source'),
    isSubagent: word(input, 'agent_id') !== null,
    file: EDITING.has(tool) ? (word(given, 'file_path') ?? word(given, 'notebook_path')) : null,
    command: tool === 'Bash' ? word(given, 'command') : null,
  }
}

/** Refuses a tool's use. */
export function denial(reason: string): object {
  return {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: reason,
    },
  }
}

/** Tells the agent something. */
export function addedContext(event: string, text: string): object {
  return { hookSpecificOutput: { hookEventName: event, additionalContext: text } }
}

/**
 * What to append to `$CLAUDE_ENV_FILE`; its lines run before every command of the agent's shell
 * (https://code.claude.com/docs/en/hooks#persist-environment-variables). The file is given again at every resume,
 * clear and compact, so nothing is added when the last word in it is the same already.
 *
 * The shell's own CLAUDE_CODE_SESSION_ID goes first: after /clear and /resume the lines of the former session have
 * been seen to stay in force (anthropics/claude-code#37729, #24775), and an ended session would claim.
 * @returns null when there is nothing to add
 */
export function environmentLine(present: string, session: string): string | null {
  const line = `export WRK_SESSION_ID='${session}'; WRK_SESSION_ID=\${CLAUDE_CODE_SESSION_ID:-$WRK_SESSION_ID}`
  const last = present
    .split('\n')
    .filter(text => /\bWRK_SESSION_ID=/.test(text))
    .at(-1)
  if (last === line) return null
  return `${present === '' || present.endsWith('\n') ? '' : '\n'}${line}\n`
}
