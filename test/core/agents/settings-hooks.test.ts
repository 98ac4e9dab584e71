/** wrk's hooks in an agent's settings file: everything else survives, comments, order and form included. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claude } from '../../../src/core/agents/adapters/claude.ts'
import { cursor } from '../../../src/core/agents/adapters/cursor.ts'
import type { AgentAdapter } from '../../../src/core/agents/agent-event.ts'
import { memberOf } from '../../../src/core/agents/jsonc-edit.ts'
import * as settingsHooks from '../../../src/core/agents/settings-hooks.ts'
import { readJsonc } from '../../../src/markdown/jsonc.ts'
import { runs } from '../../support/property-runs.ts'

const COMMAND = 'wrk-cli agents hook claude || true'

/** The hooks of an agent, all with one command. */
function hooksOf({ hooks }: AgentAdapter, command = COMMAND): settingsHooks.SettingsHooks {
  if (hooks.kind !== 'settings') throw new Error('no settings')
  return { ...hooks, command: () => command }
}

const CLAUDE = hooksOf(claude)
const EVENTS = CLAUDE.entries.map(({ event }) => event)
const LEGACY = hooksOf(claude, 'wrk agents hook claude')

function install(text: string | null, hooks = CLAUDE): string {
  const edited = settingsHooks.withHooks(text, hooks)
  if (edited.kind !== 'ok') throw new Error(JSON.stringify(edited))
  return edited.text
}

function uninstall(text: string, { root } = CLAUDE): string | null {
  const edited = settingsHooks.withoutHooks(text, root)
  if (edited.kind === 'error') throw new Error(JSON.stringify(edited))
  return edited.kind === 'empty' ? null : edited.text
}

const hookState = (text: string, hooks = CLAUDE) => settingsHooks.hookState(text, hooks)

const plain = (text: string) =>
  JSON.parse(
    text
      .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')
      .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, '$1'),
  )

/** Settings as people write them: any order, comments, trailing commas, line endings, empty containers. */
const foreignGroup = fc.constantFrom(
  { hooks: [{ type: 'command', command: 'echo hi' }] },
  { matcher: 'Bash', hooks: [{ type: 'command', command: 'lint "$x" // no comment', timeout: 5 }] },
  { hooks: [] },
)
const hooks = fc.dictionary(
  fc.constantFrom(...EVENTS, 'Notification'),
  fc.array(foreignGroup, { maxLength: 2 }),
  { maxKeys: 4 },
)
const settings = fc.record(
  {
    model: fc.constantFrom('a', 'ü "quoted" \\ /* no */'),
    permissions: fc.record({ allow: fc.array(fc.string(), { maxLength: 2 }) }),
    hooks,
    env: fc.constant({}),
  },
  { requiredKeys: [] },
)
const form = fc.record({
  indent: fc.constantFrom(0, 2, 4, '\t'),
  newline: fc.constantFrom('\n', '\r\n'),
  end: fc.constantFrom('', '\n', '\n\n'),
  start: fc.constantFrom('', '\ufeff', '// on top\n', '\n'),
  comments: fc.boolean(),
  commas: fc.boolean(),
})

const written = fc.tuple(settings, form).map(([value, { indent, newline, end, start, comments, commas }]) => {
  let text = JSON.stringify(value, null, indent)
  // Only line ends are decorated; the strings above hold none.
  if (commas) text = text.replace(/([^\s,[{])(\n\s*[}\]])/g, '$1,$2')
  if (comments)
    text = text.replace(/([,[{])\n/g, '$1 // why, "so" {\n').replace(/\n(\s*)([}\]])/g, '\n$1/* end */\n$1$2')
  return start + text.replaceAll('\n', newline) + end
})

test.each([claude, cursor])(
  'hooks of $name that are put in and taken out again leave every text as it was',
  agent => {
    const hooks = hooksOf(agent)
    fc.assert(
      fc.property(written, text => {
        const installed = install(text, hooks)
        expect(uninstall(installed, hooks)).toBe(text)
        expect(hookState(installed, hooks)).toBe('installed')
        expect(install(installed, hooks)).toBe(installed)
        const before = plain(text.replace('\ufeff', ''))
        const after = plain(installed.replace('\ufeff', ''))
        expect({ ...after, hooks: null }).toEqual({ ...before, hooks: null })
        for (const { event, fields } of hooks.entries) {
          expect(after.hooks[event].slice(0, -1)).toEqual(before.hooks?.[event] ?? [])
          const last = after.hooks[event].at(-1)
          expect(last.hooks?.[0] ?? last).toMatchObject({ command: COMMAND, ...fields })
        }
      }),
      { numRuns: runs(1000) },
    )
  },
)

test('hooks of another version are renewed, and only those', () => {
  fc.assert(
    fc.property(written, text => {
      const old = install(text, LEGACY)
      expect(hookState(old)).toBe('outdated')
      expect(install(old)).toBe(install(text))
    }),
    { numRuns: runs(500) },
  )
})

describe('a settings file that needs more than its hooks', () => {
  const hooks = hooksOf(cursor)

  test('is made with it, and is gone afterwards', () => {
    const made = install(null, hooks)
    expect(JSON.parse(made)).toMatchObject({ version: 1 })
    expect(uninstall(made, hooks)).toBeNull()
  })

  test('that was there stays', () => {
    for (const text of ['{"version": 1}', '{\n  "version": 1\n}\n', '{\n  "version": 1,\n  "hooks": {}\n}\n'])
      expect(uninstall(install(text, hooks), hooks)).toBe(text)
  })
})

describe('a settings file', () => {
  test('is made where there is none, and is gone afterwards', () => {
    const made = install(null)
    const { hooks } = JSON.parse(made)
    expect(made).toBe(`${JSON.stringify({ hooks }, null, 2)}\n`)
    expect(Object.keys(hooks)).toEqual(EVENTS)
    // Where an item could be written to.
    const { PreToolUse, ...others } = hooks
    expect(PreToolUse[0].matcher).toBe('Edit|MultiEdit|Write|NotebookEdit|Bash')
    for (const [group] of Object.values<object[]>(others)) expect(group).not.toHaveProperty('matcher')
    expect(settingsHooks.withoutHooks(made, {})).toEqual({ kind: 'empty' })
    expect(uninstall(`// mine\n${made}`)).toMatch(/^\/\/ mine\n\{\s*\}\n$/)
  })

  test.each([
    [2, '\n'],
    [4, '\r\n'],
    ['\t', '\n'],
  ])('that is indented with %j gets more of the same', (indent, newline) => {
    const theirs = [{ hooks: [] }]
    const form = (value: unknown) => JSON.stringify(value, null, indent).replaceAll('\n', newline)
    for (const value of [{ model: 'x' }, { hooks: { Stop: theirs, Notification: theirs }, model: 'x' }]) {
      const installed = install(form(value))
      expect(installed).toBe(form(JSON.parse(installed)))
    }
  })

  test('gets what follows an empty pair of brackets one step further in than their line', () => {
    const installed = install('{\n    "model": "x",\n    "hooks": {}\n}\n')
    expect(installed).toContain('\n    "hooks": {"SessionStart": [\n            {\n                "hooks"')
    expect(installed).toContain('\n        "Stop": [\n            {\n')
  })

  test('that was empty but for braces stays so', () => {
    for (const text of ['{}', '{\n}\n', '{ }', '{"hooks": {}}', '{"hooks":{"Stop":[]}}', '{\n  // none\n}'])
      expect(uninstall(install(text))).toBe(text)
  })

  test('keeps what was added since, also in our own places', () => {
    const value = JSON.parse(install(null))
    value.model = 'x'
    value.hooks.Stop[0].hooks.push({ type: 'command', command: 'theirs' })
    value.hooks.PreToolUse.unshift({ matcher: 'Bash', hooks: [{ type: 'command', command: 'first' }] })
    expect(JSON.parse(uninstall(JSON.stringify(value, null, 2))!)).toEqual({
      hooks: {
        PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: 'first' }] }],
        Stop: [{ hooks: [{ type: 'command', command: 'theirs' }] }],
      },
      model: 'x',
    })
  })

  test('that another program wrote again is left alone when the hooks are in it', () => {
    const compact = JSON.stringify(JSON.parse(install('{"a":1}')))
    expect(install(compact)).toBe(compact)
    for (const end of ['', '\n']) expect(JSON.parse(uninstall(compact + end)!)).toEqual({ a: 1 })
  })

  test('with a comment right before ours keeps what follows out of that comment', () => {
    const [theirs, ours] = ['echo hi', COMMAND].map(command =>
      JSON.stringify({ hooks: [{ type: 'command', command }] }),
    )
    const settings = (groups: string) => `{"hooks": {"Stop": [${groups}]}}`
    expect(uninstall(settings(` // mine\n ${ours}, ${theirs}\n`))).toBe(settings(` // mine\n  ${theirs}\n`))
    expect(uninstall(settings(`${theirs}, // mine\n ${ours}`))).toBe(settings(`${theirs} // mine\n `))
  })

  test('with a path in it stays in ASCII', () => {
    const hooks = hooksOf(claude, "'/ü/wrk.cjs' agents hook claude")
    const installed = install('{}', hooks)
    expect(installed).toMatch(/^[\x00-\x7f]*$/)
    expect(hookState(installed, hooks)).toBe('installed')
  })

  test.each([
    ['', 0, 'value', 'unreadable'],
    ['{"a":1 "b":2}', 7, 'comma', 'unreadable'],
    ['[]', 0, 'settings must be an object', 'unreadable'],
    ['{"hooks": []}', 10, 'hooks must be an object', 'unreadable'],
    // An event of a strange form says nothing of the others.
    ['{"hooks": {"Stop": {}}}', 19, 'hooks.Stop must be a list', 'none'],
  ])('that reads %j is refused at its place', (text, offset, why, state) => {
    const error = { kind: 'error', offset, message: expect.stringContaining(why) }
    expect(settingsHooks.withHooks(text, CLAUDE)).toEqual(error)
    expect(hookState(text)).toBe(state)
  })

  test.each([
    '{}',
    '{"Stop": [{"hooks": [{"command": "wrk agents hook claude"}]}]}',
    '{"hooks": {"Stop": "wrk agents hook claude"}}',
    '{"hooks": {"Stop": {"a": {"hooks": [{"command": "wrk agents hook claude"}]}}}}',
    '{"hooks": {"Stop": [{}, "a"]}}',
    '{"hooks": {"Stop": [{"hooks": "wrk agents hook claude"}]}}',
    '{"hooks": {"Stop": [{"hooks": [{}, "wrk agents hook claude"]}]}}',
    '{"hooks": {"Stop": [{"hooks": [{"command": ["wrk agents hook claude"]}]}]}}',
    '{"hooks": {"Stop": [{"hooks": [{"command": "other agents hook claude"}]}]}}',
    '{"hooks": {"Stop": [{"hooks": [{"command": "wrk agents hook claudette"}]}]}}',
  ])('that reads %s has nothing of ours', text => {
    expect(hookState(text)).toBe('none')
    expect(uninstall(text)).toBe(text)
  })

  test('with forms that nobody knows keeps them, and ours go', () => {
    const odd = { A: 'a', B: {}, C: [{}, 'a', { hooks: 'a' }, { hooks: [{}] }] }
    const ours = { hooks: [{ command: 'wrk agents hook claude' }] }
    const text = JSON.stringify({ hooks: { ...odd, C: [...odd.C, ours], D: [ours] } })
    expect(hookState(text)).toBe('outdated')
    expect(JSON.parse(uninstall(text)!)).toEqual({ hooks: odd })
  })
})

test('every JSON text is read with the places of its values', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 2, '\t'), (value, indent) => {
      const text = JSON.stringify({ value }, null, indent)
      const read = readJsonc(text)
      if (read.kind === 'error') throw new Error(read.message)
      const node = memberOf(read.root, 'value')!.value
      expect(JSON.parse(text.slice(node.start, node.end))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
  expect(readJsonc('['.repeat(5000)).kind).toBe('error')
})
