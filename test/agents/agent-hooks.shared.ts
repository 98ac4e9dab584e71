/** What the tests of agent-hooks have in common. */
import { expect } from 'vitest'
import type { Env } from '../support/program.ts'
import type { Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { run } from '../support/run.ts'

export interface Event {
  hook_event_name: string
  session_id?: string
  [key: string]: unknown
}

export function send(queue: Queue, event: Event | string, env: Env = {}): Promise<Result> {
  const input =
    typeof event === 'string'
      ? event
      : JSON.stringify({ session_id: 's-1', cwd: queue.root, transcript_path: '/nowhere', ...event })
  return run('agents hook claude', { queue, session: null, env, input })
}

/** What the hook says: it never fails, and it answers with one JSON object or with nothing. */
export async function answer(sent: Promise<Result>): Promise<Json> {
  const { code, stdout, stderr } = await sent
  expect(code).toBe(0)
  expect(stderr).toBe('')
  if (stdout === '') return null
  expect(stdout).toMatch(/^\{.*\}\n$/)
  return JSON.parse(stdout).hookSpecificOutput
}

export const edit = (file: string, tool = 'Edit'): Event => ({
  hook_event_name: 'PreToolUse',
  tool_name: tool,
  tool_input: { file_path: file, old_string: 'a', new_string: 'b' },
})

export const bash = (command: string): Event => ({
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command },
})
