/**
 * Codex. https://developers.openai.com/codex/hooks and codex-rs/hooks of openai/codex, read 2026-11-29; fields as captured
 * from 0.147.0 on 2026-09-03 (fixtures/agents/codex). Pure.
 *
 * - The form of Claude Code, in `.codex/hooks.json`; timeouts are in seconds. `apply_patch` gives its whole patch as
 *   `tool_input.command`; `session_id` is the thread's id, that of CODEX_THREAD_ID in its shells.
 * - Within a sub-agent there are `agent_id` (the child's thread) and `agent_type` (openai/codex#22882, May 2026);
 *   SubagentStart stands in for its SessionStart.
 * - SessionEnd comes since 0.145, also when a thread was idle for half an hour and is unloaded; it may go on later. So
 *   only a reason that says that the user left ends the session; otherwise its process shows whether it lives.
 * - Hooks run through the user's login shell and are skipped until the user trusts their definition, by a hash of it: the
 *   texts below and hookCommand must not change.
 * - A hook that ends without reading its stdin is reported as failed ("failed to write hook stdin",
 *   engine/command_runner.rs): all of these read it. There is no hook behind a tool, since its output would be read.
 */
import type { AgentAdapter, AgentEvent, AgentMoment } from '../agent-event.ts'
import { filesOfPatch } from '../patch-files.ts'
import { fieldOf, wordOf } from '../payload.ts'
import { answerClaudeStyle, readClaudeStyle } from './claude.ts'

const TIMEOUT = { timeout: 10 }
/** Codex allows 3 seconds at most here. */
const AT_END = { timeout: 3 }

export const codex: AgentAdapter = {
  name: 'codex',
  instructions: 'AGENTS.md',
  hooks: {
    kind: 'settings',
    shared: '.codex/hooks.json',
    local: null,
    style: 'groups',
    root: {},
    entries: [
      { event: 'SessionStart', word: 'begin', fields: TIMEOUT },
      { event: 'SubagentStart', word: 'begin', fields: TIMEOUT },
      { event: 'UserPromptSubmit', word: 'beat', fields: TIMEOUT },
      { event: 'PreToolUse', word: 'look', matcher: '^(Bash|apply_patch|Edit|Write)$', fields: TIMEOUT },
      { event: 'Stop', word: 'beat', fields: TIMEOUT },
      { event: 'SessionEnd', word: 'end', fields: AT_END },
    ],
  },
  subagents: 'named',
  namesHelpersInShell: true,
  looksAreHeartbeats: true,
  read(input) {
    const event = readClaudeStyle(input)
    return event && { ...event, moment: momentOf(event, input) }
  },
  answer: answerClaudeStyle,
}

const USER_LEFT = new Set(['exit', 'clear', 'logout', 'prompt_input_exit', 'slash_exit'])

function momentOf({ moment }: AgentEvent, input: unknown): AgentMoment {
  if (moment.kind === 'ends' && !USER_LEFT.has(wordOf(input, 'reason') ?? '')) return { kind: 'other' }
  if (moment.kind !== 'uses' || wordOf(input, 'tool_name') !== 'apply_patch') return moment
  const patch = wordOf(fieldOf(input, 'tool_input'), 'command', 'input', 'patch')
  return { kind: 'uses', files: patch === null ? [] : filesOfPatch(patch), command: null }
}
