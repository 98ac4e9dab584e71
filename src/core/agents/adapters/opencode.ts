/**
 * opencode. https://opencode.ai/docs/plugins and @opencode-ai/plugin 1.18.33 (dist/index.d.ts), read 2026-11-29. Pure.
 *
 * - A plugin in `.opencode/plugins/` (templates/agents/opencode-plugin.txt) is called within the program; it gives wrk the events below as
 *   JSON, in wrk's own form, and only where something has to be done.
 * - `tool.execute.before` refuses by throwing; its arguments are `filePath`, or `patchText` of a patch.
 * - `shell.env` gives the shells their session. A sub-agent is a session with a `parentID`: a helper of that one.
 * - Nothing tells of a session's end but its deletion: its process does.
 */
import { isSessionId } from '../../sessions/session.ts'
import type { AgentAdapter, AgentMoment } from '../agent-event.ts'
import { helperNameOf } from '../helper-name.ts'
import { filesOfPatch } from '../patch-files.ts'
import { fieldOf, wordOf } from '../payload.ts'

const EDITING = new Set(['edit', 'write', 'multiedit'])
const PATCHING = new Set(['patch', 'apply_patch'])

export const opencode: AgentAdapter = {
  name: 'opencode',
  instructions: 'AGENTS.md',
  hooks: { kind: 'file', shared: '.opencode/plugins/wrk.js' },
  subagents: 'named',
  namesHelpersInShell: true,
  looksAreHeartbeats: true,
  read(input) {
    const name = wordOf(input, 'event')
    const own = wordOf(input, 'sessionID')
    if (name === null || own === null || !isSessionId(own)) return null
    const parent = wordOf(input, 'parentID')
    const helper = parent !== null && isSessionId(parent) ? helperNameOf(own) : null
    const session = helper === null ? own : parent!
    return { name, session, helper, cwd: wordOf(input, 'directory'), moment: momentOf(name, helper, input) }
  },
  answer(_event, reply) {
    return reply.kind === 'refuse' ? { refuse: reply.reason } : { tell: reply.text }
  },
}

function momentOf(name: string, helper: string | null, input: unknown): AgentMoment {
  switch (name) {
    case 'session.created':
      return helper === null ? { kind: 'begins', follows: false } : { kind: 'helperBegins' }
    case 'alive':
      return { kind: 'alive' }
    case 'tool.execute.before': {
      const tool = wordOf(input, 'tool') ?? ''
      const given = fieldOf(input, 'args')
      if (PATCHING.has(tool))
        return { kind: 'uses', files: filesOfPatch(wordOf(given, 'patchText') ?? ''), command: null }
      const file = EDITING.has(tool) ? wordOf(given, 'filePath') : null
      return {
        kind: 'uses',
        files: file === null ? [] : [file],
        command: tool === 'bash' ? wordOf(given, 'command') : null,
      }
    }
    case 'session.deleted':
      return { kind: helper === null ? 'ends' : 'other' }
    default:
      return { kind: 'other' }
  }
}
