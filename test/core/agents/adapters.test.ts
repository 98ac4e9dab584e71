/** What is read of the events that agents send to their hooks (fixtures/agents), and the forms of the answers. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ADAPTERS, adapterOf, HOOKED_AGENTS } from '../../../src/core/agents/adapters/adapters.ts'
import { claude } from '../../../src/core/agents/adapters/claude.ts'
import { copilot } from '../../../src/core/agents/adapters/copilot.ts'
import { cursor } from '../../../src/core/agents/adapters/cursor.ts'
import type { AgentEvent, AgentMoment } from '../../../src/core/agents/agent-event.ts'
import { parsePayload } from '../../../src/core/agents/payload.ts'
import { isAgentHook } from '../../../src/words.ts'
import { ROOT } from '../../support/program.ts'

interface Fixture {
  sources: string[]
  read: string
  how: string
  events: { payload: object; session: string; helper: string | null; moment: AgentMoment }[]
}

const FOLDER = join(ROOT, 'fixtures', 'agents')
const fixture = (agent: string): Fixture =>
  JSON.parse(readFileSync(join(FOLDER, agent, 'events.json'), 'utf8'))

const SENT = HOOKED_AGENTS.flatMap(agent =>
  fixture(agent).events.map(({ payload, ...wanted }) => [agent, JSON.stringify(payload), wanted] as const),
)

test('every agent has payloads with their source and date, for each moment that it tells of', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...HOOKED_AGENTS].sort())
  for (const agent of HOOKED_AGENTS) {
    const { sources, read, how, events } = fixture(agent)
    expect(sources.length).toBeGreaterThan(0)
    for (const source of sources) expect(source).toMatch(/^https:\/\//)
    expect(read).toMatch(/^2026-\d\d-\d\d$/)
    expect(how).toMatch(/captured|documented|declares/)
    const kinds = new Set(events.map(({ moment }) => moment.kind))
    for (const kind of ['begins', 'alive', 'uses', 'ends']) expect(kinds, agent).toContain(kind)
  }
})

test.each(SENT)('%s sends %s', (agent, payload, { session, helper, moment }) => {
  expect(adapterOf(agent)!.read(parsePayload(payload))).toMatchObject({ session, helper, moment })
})

test.each(SENT)('what %s sends is no other agent’s: %s', (agent, payload) => {
  for (const other of ADAPTERS) {
    if (other.name === agent) continue
    // Codex speaks Claude Code's language; they have different files, and neither reads the other's.
    if ([agent, other.name].sort().join() === 'claude,codex') continue
    // Gemini's form is theirs too, with names of its own for tools; only theirs read its file.
    if (['claude', 'codex', 'gemini', 'cursor'].includes(agent) && other.name === 'gemini') continue
    if (agent === 'gemini' && ['claude', 'codex'].includes(other.name)) continue
    if (other.name === 'cursor') continue
    expect(other.read(parsePayload(payload)), other.name).toBeNull()
  }
})

test('Claude Code’s hooks do nothing for Cursor and Copilot, which read its settings too', () => {
  for (const { payload } of fixture('cursor').events) expect(claude.read(payload)).toBeNull()
  const event = { hook_event_name: 'SessionStart', session_id: 's-1', timestamp: '2026-11-29T00:00:00Z' }
  expect(claude.read({ ...event, cwd: '/w', source: 'new' })).toBeNull()
})

const event = (fields: object) => ({ hook_event_name: 'PreToolUse', session_id: 's-1', ...fields })

test.each([
  '',
  '{',
  'null',
  '1',
  '"text"',
  '[]',
  '{}',
  ` \ufeff${JSON.stringify(event({}))}`,
  JSON.stringify(event({ hook_event_name: undefined, sessionID: 's-1' })),
  JSON.stringify(event({ hook_event_name: 1, event: 1, sessionID: 's-1' })),
  JSON.stringify(event({ session_id: undefined })),
  JSON.stringify({
    event: 'alive',
    hook_event_name: 'Stop',
    session_id: ['s-1'],
    sessionId: {},
    sessionID: 3,
  }),
  JSON.stringify({ event: 'alive', session_id: 'two words', sessionId: 'two words', sessionID: 'two words' }),
])('is no event of any agent: %s', text => {
  for (const { read } of ADAPTERS) expect(read(parsePayload(text))).toBeNull()
})

describe('a tool of Claude Code', () => {
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
    expect(claude.read(event({ tool_name, tool_input }))?.moment).toEqual({
      kind: 'uses',
      files: file === null ? [] : [file],
      command,
    })
  })
})

test('a tool of Cursor without a name is known by its arguments', () => {
  const use = (tool_input: unknown) =>
    cursor.read({ hook_event_name: 'preToolUse', conversation_id: 'c', tool_input })?.moment
  expect(use({ path: 'a', contents: 'x' })).toEqual({ kind: 'uses', files: ['a'], command: null })
  expect(use({ command: 'ls' })).toEqual({ kind: 'uses', files: [], command: 'ls' })
  expect(use('*** Begin Patch\n*** Add File: a\n*** Delete File: b\n')).toMatchObject({ files: ['a', 'b'] })
})

test('a sub-agent whose id cannot be a name acts as its session', () => {
  for (const agent_id of ['a/b', 'a b', 'x'.repeat(65), 7])
    expect(claude.read(event({ agent_id }))?.helper).toBeNull()
})

describe('answers have the forms that each agent reads', () => {
  const at = (name: string, kind: AgentMoment['kind']) => ({ name, moment: { kind } }) as AgentEvent
  const refuse = { kind: 'refuse', reason: 'held' } as const
  const tell = { kind: 'tell', text: 'hello' } as const
  const claudes = (hookEventName: string, fields: object) => ({
    hookSpecificOutput: { hookEventName, ...fields },
  })
  const denied = { permissionDecision: 'deny', permissionDecisionReason: 'held' }

  test.each([
    ['claude', at('PreToolUse', 'uses'), refuse, claudes('PreToolUse', denied)],
    ['claude', at('SessionStart', 'begins'), tell, claudes('SessionStart', { additionalContext: 'hello' })],
    ['claude', at('Stop', 'alive'), tell, null],
    ['codex', at('PreToolUse', 'uses'), refuse, claudes('PreToolUse', denied)],
    ['codex', at('PreToolUse', 'uses'), tell, null],
    ['gemini', at('BeforeTool', 'uses'), refuse, { decision: 'deny', reason: 'held' }],
    ['gemini', at('AfterTool', 'alive'), tell, claudes('AfterTool', { additionalContext: 'hello' })],
    ['gemini', at('AfterAgent', 'alive'), tell, null],
    ['copilot', at('preToolUse', 'uses'), refuse, denied],
    ['copilot', at('sessionStart', 'begins'), tell, { additionalContext: 'hello' }],
    ['copilot', at('userPromptSubmitted', 'alive'), tell, null],
    [
      'cursor',
      at('preToolUse', 'uses'),
      refuse,
      { permission: 'deny', user_message: 'held', agent_message: 'held' },
    ],
    ['cursor', at('sessionStart', 'begins'), tell, { additional_context: 'hello' }],
    ['cursor', at('stop', 'alive'), tell, null],
    ['opencode', at('tool.execute.before', 'uses'), refuse, { refuse: 'held' }],
  ] as const)('%s', (agent, event, reply, answer) => {
    expect(adapterOf(agent)!.answer(event, reply)).toEqual(answer)
  })
})

test('the launcher knows the same agents', () => {
  for (const agent of HOOKED_AGENTS) {
    expect(isAgentHook(['agents', 'hook', agent])).toBe(true)
    expect(isAgentHook(['agents', 'hook', agent, 'beat', '/w', ''])).toBe(true)
  }
  for (const words of [
    ['agents', 'hook'],
    ['agents', 'hook', 'amp'],
    ['agents', 'hook', 'claude', '--help'],
  ])
    expect(isAgentHook(words)).toBe(false)
})

test('Copilot’s arguments may be JSON within JSON, or not', () => {
  const use = (toolArgs: unknown) => copilot.read({ sessionId: 's', toolName: 'create', toolArgs })?.moment
  for (const toolArgs of [{ path: 'a' }, '{"path":"a"}'])
    expect(use(toolArgs)).toMatchObject({ files: ['a'] })
  for (const toolArgs of ['a', '[', null, 3]) expect(use(toolArgs)).toMatchObject({ files: [] })
})
