/** What the tests of agent-hooks have in common. */

import { expect } from 'vitest'
import { tempFolder } from '../support/processes.ts'
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

const events: Event[] = [
  { hook_event_name: 'SessionStart' },
  { hook_event_name: 'UserPromptSubmit' },
  { hook_event_name: 'PostToolUse' },
  { hook_event_name: 'Stop' },
  { hook_event_name: 'SessionEnd' },
  edit('.claude/work-queue/pending/WRK-1.md'),
  bash('git commit -n'),
]

export async function unhindered(cwd: string, env: Env = {}): Promise<void> {
  for (const event of events) {
    const input = JSON.stringify({ session_id: 's-1', cwd, ...event })
    const result = await run('agents hook claude', { session: null, cwd: tempFolder(), input, env })
    expect(result.code).toBe(0)
    expect(result.stdout).toBe('')
    expect(result.stderr).toMatch(/^(?:wrk: [^\n]+\n)?$/)
  }
}
