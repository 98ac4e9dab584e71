/** What is read of the events that Claude Code sends to its hooks, and the forms of the answers. */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import {
  addedContext,
  denial,
  environmentLine,
  parseClaudeEvent,
} from '../../../src/core/agents/claude-hook.ts'

const event = (fields: object) =>
  JSON.stringify({ hook_event_name: 'PreToolUse', session_id: 's-1', ...fields })

test('an event needs a name and the id of a session; the rest may be missing', () => {
  const bare = {
    name: 'Stop',
    session: 's-1',
    cwd: null,
    source: null,
    isSubagent: false,
    file: null,
    command: null,
  }
  expect(parseClaudeEvent(event({ hook_event_name: 'Stop' }))).toEqual(bare)
  expect(parseClaudeEvent(event({ hook_event_name: 'Stop', cwd: '/w', agent_id: 'a' }))).toEqual({
    ...bare,
    cwd: '/w',
    isSubagent: true,
  })
  expect(parseClaudeEvent(`\ufeff${event({ hook_event_name: 'Stop', cwd: '', agent_id: '' })}`)).toEqual(bare)
})

test.each([
  '',
  '{',
  'null',
  '1',
  '"text"',
  '[]',
  '{}',
  ` \ufeff${event({})}`,
  event({ hook_event_name: undefined }),
  event({ hook_event_name: 1 }),
  event({ session_id: undefined }),
  event({ session_id: ['s-1'] }),
  event({ session_id: 'two words' }),
])('is no event: %s', text => {
  expect(parseClaudeEvent(text)).toBeNull()
})

describe('a tool', () => {
  const given = { file_path: '/f', notebook_path: '/n', command: 'ls' }
  test.each<[tool: string | undefined, input: unknown, file: string | null, command: string | null]>([
    ['Edit', given, '/f', null],
    ['MultiEdit', given, '/f', null],
    ['Write', given, '/f', null],
    ['NotebookEdit', { notebook_path: '/n' }, '/n', null],
    ['Bash', given, null, 'ls'],
    ['Read', given, null, null],
    [undefined, given, null, null],
    ['Write', { file_path: '', command: 'ls' }, null, null],
    ['Bash', { command: ['ls'] }, null, null],
    ['Write', null, null, null],
    ['Bash', 'ls', null, null],
    ['Bash', undefined, null, null],
  ])('%s with %j writes to %j and runs %j', (tool_name, tool_input, file, command) => {
    expect(parseClaudeEvent(event({ tool_name, tool_input }))).toMatchObject({ file, command })
  })
})

test('answers have the forms that Claude Code reads', () => {
  expect(denial('held')).toEqual({
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: 'held',
    },
  })
  expect(addedContext('SessionStart', 'hello')).toEqual({
    hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: 'hello' },
  })
})

describe('the line for the agent’s shell', () => {
  const line = `export WRK_SESSION_ID='s-1'; WRK_SESSION_ID=\${CLAUDE_CODE_SESSION_ID:-$WRK_SESSION_ID}\n`

  test('gives commands the session of the shell, or else the one of the line', () => {
    const answer = (env: Record<string, string>) =>
      execFileSync('sh', ['-c', `${environmentLine('', 's-1')}sh -c 'printf %s "$WRK_SESSION_ID"'`], {
        env: { PATH: process.env.PATH, ...env },
      }).toString()
    expect(answer({ WRK_SESSION_ID: 'other' })).toBe('s-1')
    expect(answer({ CLAUDE_CODE_SESSION_ID: 's-2' })).toBe('s-2')
  })

  test.each([
    ['an empty file', '', line],
    ['a file with other variables', 'export A=1\n', line],
    ['a file whose last line is not ended', 'export A=1', `\n${line}`],
    ['a file that has it as its last word', `${line}export A=1\nexport MY_WRK_SESSION_ID=x\n`, null],
    ['a file that says another session since', line + environmentLine(line, 's-2'), line],
  ])('to %s', (_, present, added) => {
    expect(environmentLine(present, 's-1')).toBe(added)
  })
})
