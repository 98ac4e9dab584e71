/**
 * GitHub Copilot CLI. https://docs.github.com/en/copilot/reference/hooks-reference (github/docs,
 * content/copilot/reference/hooks-reference.md), read 2026-11-29. Pure.
 *
 * - Every `.github/hooks/*.json` of version 1 is read; `bash` and `powershell` are separate, 30 seconds unless set.
 * - With event names in camelCase the events carry `sessionId` and `cwd`, and not their own name: it shows in the
 *   other fields. `toolArgs` may be JSON within JSON.
 * - preToolUse refuses with `permissionDecision: "deny"`; it also refuses when a hook ends with another code than 0, so
 *   these never do. sessionStart and postToolUse read `additionalContext`; userPromptSubmitted reads nothing.
 * - After `/clear` sessionEnd comes with `user_exit` while the program goes on under another session.
 * - Nothing in preToolUse names the sub-agent that acts.
 */
import { isSessionId } from '../../sessions/session.ts'
import type { AgentAdapter, AgentEvent, AgentMoment } from '../agent-event.ts'
import { filesOfPatch } from '../patch-files.ts'
import { argumentsOf, fieldOf, wordOf } from '../payload.ts'

const PATCHING = 'apply_patch'
const EDITING = new Set(['edit', 'create', 'str_replace_editor'])
const SHELLS = new Set(['bash', 'powershell'])

/** Which hooks, for the file that is made of them: event, word and the tools that it is about. */
export const COPILOT_HOOKS = [
  ['sessionStart', 'begin', null],
  ['userPromptSubmitted', 'beat', null],
  ['preToolUse', 'look', [...SHELLS, ...EDITING, PATCHING].join('|')],
  ['agentStop', 'beat', null],
  ['sessionEnd', 'end', null],
] as const

export const copilot: AgentAdapter = {
  name: 'copilot',
  instructions: '.github/copilot-instructions.md',
  hooks: { kind: 'file', shared: '.github/hooks/wrk.json' },
  subagents: 'unnamed',
  namesHelpersInShell: false,
  looksAreHeartbeats: true,
  read(input) {
    const session = wordOf(input, 'sessionId')
    if (session === null || !isSessionId(session)) return null
    return { ...happened(input), session, helper: null, cwd: wordOf(input, 'cwd') }
  },
  answer({ moment }, reply) {
    if (reply.kind === 'refuse') return { permissionDecision: 'deny', permissionDecisionReason: reply.reason }
    return moment.kind === 'begins' ? { additionalContext: reply.text } : null
  },
}

function happened(input: unknown): Pick<AgentEvent, 'name' | 'moment'> {
  const tool = wordOf(input, 'toolName')
  if (tool !== null) return { name: 'preToolUse', moment: useOf(tool, argumentsOf(input, 'toolArgs')) }
  if (wordOf(input, 'source') !== null)
    return { name: 'sessionStart', moment: { kind: 'begins', follows: false } }
  if (wordOf(input, 'reason') !== null) return { name: 'sessionEnd', moment: { kind: 'ends' } }
  if (wordOf(input, 'prompt') !== null) return { name: 'userPromptSubmitted', moment: { kind: 'alive' } }
  if (wordOf(input, 'stopReason') !== null) return { name: 'agentStop', moment: { kind: 'alive' } }
  return { name: 'unknown', moment: { kind: 'other' } }
}

function useOf(tool: string, given: unknown): AgentMoment {
  if (tool === PATCHING) {
    const patch = typeof given === 'string' ? given : wordOf(given, 'input', 'patch', 'command')
    return { kind: 'uses', files: patch === null ? [] : filesOfPatch(patch), command: null }
  }
  const isView = fieldOf(given, 'command') === 'view'
  const file = EDITING.has(tool) && !isView ? wordOf(given, 'path', 'file_path', 'filePath') : null
  const command = SHELLS.has(tool) ? wordOf(given, 'command') : null
  return { kind: 'uses', files: file === null ? [] : [file], command }
}
