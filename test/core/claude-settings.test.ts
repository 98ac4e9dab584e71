/** wrk's hooks in settings.json: everything else survives, comments, order and form included. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hookState, withHooks, withoutHooks } from '../../src/core/claude-settings.ts'
import { memberOf, readJsonc } from '../../src/core/jsonc.ts'

const COMMAND = 'wrk-cli agents hook claude || true'
const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop', 'SessionEnd']

function install(text: string | null, command = COMMAND): string {
  const edited = withHooks(text, command)
  if (edited.kind !== 'ok') throw new Error(JSON.stringify(edited))
  return edited.text
}

function uninstall(text: string): string | null {
  const edited = withoutHooks(text)
  if (edited.kind === 'error') throw new Error(JSON.stringify(edited))
  return edited.kind === 'empty' ? null : edited.text
}

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

test('what is put in and taken out again leaves every text as it was', () => {
  fc.assert(
    fc.property(written, text => {
      const installed = install(text)
      expect(uninstall(installed)).toBe(text)
      expect(hookState(installed, COMMAND)).toBe('installed')
      expect(install(installed)).toBe(installed)
      const before = plain(text.replace('\ufeff', ''))
      const after = plain(installed.replace('\ufeff', ''))
      expect({ ...after, hooks: null }).toEqual({ ...before, hooks: null })
      for (const event of EVENTS) {
        expect(after.hooks[event].slice(0, -1)).toEqual(before.hooks?.[event] ?? [])
        expect(after.hooks[event].at(-1).hooks).toEqual([{ type: 'command', command: COMMAND, timeout: 10 }])
      }
    }),
    { numRuns: 1000 },
  )
})

test('hooks of another version are renewed, and only those', () => {
  fc.assert(
    fc.property(written, text => {
      const old = install(text, 'wrk agents hook claude')
      expect(hookState(old, COMMAND)).toBe('outdated')
      expect(install(old)).toBe(install(text))
    }),
    { numRuns: 500 },
  )
})

describe('a settings file', () => {
  test('is made where there is none, and is gone afterwards', () => {
    const made = install(null)
    expect(Object.keys(JSON.parse(made).hooks)).toEqual(EVENTS)
    expect(uninstall(made)).toBeNull()
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

  test('that another program wrote anew is left alone when the hooks are in it', () => {
    const compact = JSON.stringify(JSON.parse(install('{"a":1}')))
    expect(install(compact)).toBe(compact)
    expect(JSON.parse(uninstall(compact)!)).toEqual({ a: 1 })
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
    const installed = install('{}', "'/ü/wrk.cjs' agents hook claude")
    expect(installed).toMatch(/^[\x00-\x7f]*$/)
    expect(hookState(installed, "'/ü/wrk.cjs' agents hook claude")).toBe('installed')
  })

  test.each([
    ['', 0],
    ['{', 1],
    ['{"a":1 "b":2}', 7],
    ['{"a":}', 5],
    ['[]', 0],
    ['{"hooks": []}', 10],
    ['{"hooks": {"Stop": {}}}', 19],
    ["{'a': 1}", 1],
    ['{"a": 01}', 7],
    ['{} x', 3],
    ['{"a": "b\n"}', 6],
  ])('that reads %j is refused at its place', (text, offset) => {
    expect(withHooks(text, COMMAND)).toMatchObject({ kind: 'error', offset })
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
