/** Changing single values of frontmatter, and refusing where anything else would change. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FieldValue, spliceChecked } from '../../src/markdown/edit/splice.ts'
import { readFrontmatter } from '../../src/markdown/frontmatter.ts'
import { findPair, scalarText } from '../../src/markdown/scalar.ts'
import { CORPUS, corpus } from '../support/corpus.ts'
import { runs } from '../support/property-runs.ts'
import { nastyYaml, plainYaml } from './helpers.ts'
import { full, splice, spliced } from './splice.shared.ts'

const LOCKED = { locked_by: 'claude-k3x9', locked_at: '2026-02-16T19:30:05Z' }

const CLEARED = { locked_by: '', locked_at: '' }

test.each([
  ['? k\n: v\n', 'a mark'],
  ['?\nz: a\n', 'a mark without a key (found by fuzzing)'],
  ['&a k: v\n', 'an anchor'],
  ['  ? k\n  : v\n', 'blanks and a mark'],
])('a new line is indented like the first entry, also behind %j', yaml => {
  const blanks = /^ */.exec(yaml)![0]
  expect(spliced(`---\n${yaml}---\n`, { locked_by: 'me' })).toBe(
    `---\n${yaml}${blanks}locked_by: "me"\n---\n`,
  )
})

describe('a value is replaced in place', () => {
  test.each([
    ['k: old', 'k: "x"'],
    ['k: "old" # note', 'k: "x" # note'],
    ["k:   'it''s'  # note", 'k:   "x"  # note'],
    ['k:', 'k: "x"'],
    ['k: ', 'k: "x" '],
    ['k: # note', 'k: "x" # note'],
    ['k:   # note', 'k: "x"   # note'],
    ['k: ~', 'k: "x"'],
    ['k: [a, b] # note', 'k: "x" # note'],
    ['k: {a: b}', 'k: "x"'],
    ['k: |\n  text\n  more', 'k: "x"'],
    ['k: |\n  text\n\n# note', 'k: "x"\n\n# note'],
    ['k: two\n  lines # note', 'k: "x" # note'],
    ['k: "two\n  lines"', 'k: "x"'],
    ['k:\n  below', 'k:\n  "x"'],
    ['k:\n  !!null |\n\n', 'k:\n  "x"\n\n'],
    ['k: # note\n  - a\n  - b', 'k: "x" # note'],
    ['k:\n- a\n- b # note', 'k: "x" # note'],
    ['k:\n  - [a]', 'k: "x"'],
    ['k: &unused\n  - a\n  - b', 'k: "x"'],
    ['k: !!map\n  a: b', 'k: "x"'],
    ['k:\n  a: b\n  c:', 'k: "x"'],
    ['"k": old', '"k": "x"'],
    ['k : # note', 'k : "x" # note'],
    ['k: !!str &unused # note', 'k: "x" # note'],
    ['"k":\n  - a', '"k": "x"'],
    ['"\\x6b" : # note\n  - a', '"\\x6b" : "x" # note'],
    ['? k\n:\n  - a', '? k\n: "x"'],
    ['k: !!int 5 # note', 'k: "x" # note'],
    ['k: &unused old', 'k: "x"'],
    ['k:\n  # note\n  &unused []', 'k:\n  # note\n  "x"'],
    ['k:\n  # note\n  &unused  []', 'k:\n  # note\n  "x"'],
    ['k:\n  # note\n  !!seq # note\n  [a]', 'k:\n  # note\n  "x"'],
    ['l: &l [a]\nk:\n  # note\n  *l # note', 'l: &l [a]\nk:\n  # note\n  "x" # note'],
    ['m: &m {a: b}\nk:\n  # note\n  *m', 'm: &m {a: b}\nk:\n  # note\n  "x"'],
  ])('%j', (before, after) => {
    expect(spliced(`---\na: 1\n${before}\nz: 2\n---\nbody\n`, { k: 'x' })).toBe(
      `---\na: 1\n${after}\nz: 2\n---\nbody\n`,
    )
    const crlf = (text: string) => text.replaceAll('\n', '\r\n')
    const [old, now] = [`---\na: 1\n${before}\n---\nbody\n`, `---\na: 1\n${after}\n---\nbody\n`]
    expect(spliced(crlf(old), { k: 'x' })).toBe(crlf(now))
  })
})

describe('the line end and the blank lines behind a value stay, whatever it means', () => {
  const BLANK = ['', '\n', '\n\n\n', '  \n \n']
  const BEHIND = ['', 'b: 1\n', '# c\n\nb: 1\n']
  test.each([
    ...[' |', ' >-', ' |+', ' >2', ' | # c', ' &a |', ' !!str >', ' !!null |', ' !!null >2- # c'],
    ...[' &a !!null |', ' !!null\n  |', ' |\n  text', ' |+\n  text', ' >2-\n  text', ' !!null |-\n  null'],
    ...[' !!int |-\n  5', ' &a !!bool >-\n  true', ' !!float |1-\n 1.5'],
    ...['\n- a\n- !!null |', '\n  a: !!int |-\n    5', '\n  a:\n    - !!null >+'],
    ...['\n  ? |-\n    a', '\n  ? !!null |', '\n  ? - a', '\n  ? a: b', '\n  - ? - |\n        a'],
  ])('behind %j', value => {
    for (const blank of BLANK)
      for (const behind of BEHIND)
        for (const eol of ['\n', '\r\n']) {
          const file = (entry: string) =>
            `---\na: 1\n${entry}\n${blank}${behind}---\nbody\n`.replaceAll('\n', eol)
          expect(spliced(file(`k:${value}`), { k: 'x' })).toBe(file('k: "x"'))
        }
  })
  test('as the fuzzer found it', () => {
    const before = '---\r\nlocked_by: !!null |\r\n\r\n\r\n\r\n---\r\nbody\r\n'
    expect(spliced(before, { locked_by: { list: [] } })).toBe(before.replace('!!null |', '[]'))
  })
})

describe('a list of words goes on one line', () => {
  test.each<[list: string[], written: string]>([
    [[], '[]'],
    [['a'], '[a]'],
    [['WRK-7', 'a_b', 'WRK-222.1'], '[WRK-7, a_b, WRK-222.1]'],
    [['two words', '7', '-a', 'a.', 'yes', 'é', ''], '["two words", "7", "-a", "a.", "yes", "é", ""]'],
    [['a, b', 'it\'s "so"'], '["a, b", "it\'s \\"so\\""]'],
  ])('%j', (list, written) => {
    for (const old of ['k: old', 'k: [a, b]', 'k:\n  - a', 'k:\n- a'])
      expect(spliced(`---\n${old} # c\n---\n`, { k: { list } })).toBe(`---\nk: ${written} # c\n---\n`)
    expect(spliced('---\na: 1\n---\n', { k: { list } })).toBe(`---\na: 1\nk: ${written}\n---\n`)
  })
})

test('several fields are set at once, in whatever order they are in', () => {
  for (const [b, c] of [
    ['b: é', 'c: ü'],
    ['b:\n  - é', 'c:\n- ü'],
  ])
    expect(spliced(`---\n${c}\na: é\n${b}\n---\n`, { a: 'x', b: 'y', new: 'v', c: 'z' })).toBe(
      '---\nc: "z"\na: "x"\nb: "y"\nnew: "v"\n---\n',
    )
})

describe('a missing key becomes a line in front of the closing fence', () => {
  const LINES = 'locked_by: "claude-k3x9"\nlocked_at: "2026-02-16T19:30:05Z"\n'
  test.each([
    ['---\nid: A\n---\nbody', `---\nid: A\n${LINES}---\nbody`],
    ['---\n---\n', `---\n${LINES}---\n`],
    ['---\n# only a comment\n---', `---\n# only a comment\n${LINES}---`],
    ['---\r\nid: A\r\n---\r\nb\n', `---\r\nid: A\r\n${LINES.replaceAll('\n', '\r\n')}---\r\nb\n`],
    ['---\nid: A\r\nb: é😀\n---\n---\n', `---\nid: A\r\nb: é😀\n${LINES}---\n---\n`],
    ['\ufeff---\nid: A\n---\n', `\ufeff---\nid: A\n${LINES}---\n`],
    ['---\n  id: A\n---\n', `---\n  id: A\n${LINES.replaceAll('lock', '  lock')}---\n`],
    ['---\n# c\n  id: A\n---\n', `---\n# c\n  id: A\n${LINES.replaceAll('lock', '  lock')}---\n`],
    ['---\n  # c\nid: A\n---\n', `---\n  # c\nid: A\n${LINES}---\n`],
    ['---\nn: |\n  text\n---\n', `---\nn: |\n  text\n${LINES}---\n`],
    ['---\nn: |-\n  text\n\n---\n', `---\nn: |-\n  text\n\n${LINES}---\n`],
    ['---\nn: |+\n  text\n\n---\n', `---\nn: |+\n  text\n\n${LINES}---\n`],
    ['---\na:\n  b:\n    - c\n---\n', `---\na:\n  b:\n    - c\n${LINES}---\n`],
  ])('%j', (before, after) => {
    expect(spliced(before, LOCKED)).toBe(after)
  })
  test('in the order given, also when one of them is there', () => {
    expect(spliced('---\nlocked_at: x\nid: é\n---\n', LOCKED)).toBe(
      '---\nlocked_at: "2026-02-16T19:30:05Z"\nid: é\nlocked_by: "claude-k3x9"\n---\n',
    )
  })
})

test('what the form of the frontmatter does not allow is refused with its place', () => {
  const cases: [string, number, number][] = [
    ['{id: A}\n', 3, 1],
    ['id: A\n...\n', 4, 1],
    ['id: A\nlocked_by: &x me\nother: *x\n', 3, 1],
    ['z: &x 1\nlocked_by: &x me\nother: *x\n', 3, 1],
    ['z: &x [1]\nlocked_by: &x [2]\nother: *x\n', 3, 1],
    ['z: &x {}\nlocked_by:\n  - a: &x {b: c}\nother: [*x]\n', 3, 1],
    ['z: &x []\nlocked_by:\n  - ? &x [b]\n\nother: *x\n', 3, 1],
    ['z: &x [1]\nlocked_by: &x [2]\n? [*x]\n: y\n', 3, 1],
    ['id: A\nlocked_by: a\nlocked_by: b\n', 3, 1],
    ['? id\n: A\n? locked_by\n', 4, 3],
  ]
  for (const [yaml, line, column] of cases) {
    const result = splice(Buffer.from(`---\n${yaml}---\n`), LOCKED)
    expect(result, yaml).toMatchObject({
      kind: 'error',
      error: { line, column, message: expect.stringContaining('cannot set') },
    })
  }
})

/** As if the change had done more than it should: what is read after it is the text with `from` become `to`. */
function damaged(yaml: string, from: string, to: string, value: FieldValue = 'x') {
  // The anchor makes it a text that only the full reader reads.
  const bytes = Buffer.from(`---\n${yaml}anchor: &a b\n---\n`)
  const before = readFrontmatter(bytes, full)
  if (before.kind !== 'ok') throw new Error(JSON.stringify(before))
  return spliceChecked(bytes, before, { k: value }, text => full(text.replace(from, () => to)))
}

describe('a change is refused when what is read after it', () => {
  test.each([
    ['1', '2'],
    ['1', '"1"'],
    ['x', ''],
    ['x', '[x]'],
    ['[x]', 'x'],
    ['[x]', '[]'],
    ['[x]', '[x, y]'],
    ['[x, y]', '[x, z]'],
    ['[]', '{}'],
    ['{}', '[]'],
    ['{}', ''],
    ['{x: 1}', '{}'],
    ['{x: 1}', '{x: 1, y: 2}'],
    ['{x: 1}', '{y: 1}'],
    ['{x: 1, y: 2}', '{x: 1, y: 3}'],
    ['{x: 1, y: 2}', '{y: 2, x: 1}'],
    ['[{x: [1]}]', '[{x: [2]}]'],
  ])('has another value in place of %j: %j', (value, other) => {
    for (const yaml of [`k: v\na: ${value}\n`, `a: ${value}\n`])
      expect(damaged(yaml, `a: ${value}\n`, `a: ${other}\n`)).toMatchObject({
        kind: 'error',
        error: { message: expect.stringContaining('`a` would change') },
      })
  })
  test.each([
    ['another key', 'a: 1\n', 'z: 1\n', '`a` would change'],
    ['keys in another order', 'a: 1\nb: 2\n', 'b: 2\na: 1\n', '`a` would change'],
    ['a key less', 'b: 2\n', '', 'other keys would change'],
    ['a key more', 'b: 2\n', 'b: 2\nc: 3\n', 'other keys would change'],
    ['the field not at all', 'k: "x"\n', '', '`k` would occur 0 times'],
    ['the field twice', 'b: 2\n', 'b: 2\nk: "x"\n', '`k` would occur 2 times'],
    ['the field with another value', '"x"', '"y"', '`k` would read differently'],
    ['nothing that can be read', 'a: 1\n', 'a: *nobody\n', 'nobody'],
  ])('has %s', (_, from, to, why) => {
    expect(damaged('a: 1\nb: 2\nk: v\n', from, to)).toMatchObject({
      kind: 'error',
      error: { message: expect.stringContaining(why) },
    })
  })
  test.each<[value: FieldValue, other: string]>([
    ['5', '5'],
    ['x', '[x]'],
    [{ word: '5' }, '6'],
    [{ word: 'x' }, '[x]'],
    [{ word: 'x' }, '{x: x}'],
    [{ list: ['x'] }, 'x'],
    [{ list: ['x'] }, '[]'],
    [{ list: ['x'] }, '[x, x]'],
    [{ list: ['x', 'y'] }, '[x, z]'],
    [{ list: ['x'] }, '[[x]]'],
    [{ list: [] }, '{}'],
  ])('has, for %j, %j', (value, other) => {
    const made = spliced('---\nk: v\n---\n', { k: value }).slice(4, -4)
    expect(damaged('k: v\n', made, `k: ${other}\n`, value)).toMatchObject({
      kind: 'error',
      error: { message: expect.stringContaining('`k` would read differently') },
    })
  })
})

test.each([
  ['1', '1.0'],
  ['.nan', '.NaN'],
  ['[x, ~]', '["x", null]'],
  ['{x: 0x10}', '{"x": 16}'],
])('what means the same is the same: %j and %j', (value, other) => {
  expect(damaged(`a: ${value}\n`, value, other)).toMatchObject({ kind: 'ok' })
})

test('a change that would move the closing fence is refused, whatever is read after it', () => {
  const bytes = Buffer.from('---\nk: a\n---\nbody: b\n---\n')
  const before = readFrontmatter(bytes, full)
  if (before.kind !== 'ok') throw new Error(JSON.stringify(before))
  // As if the value took the line end with it.
  before.map.pairs[0]!.value.end = before.split.yaml.length
  expect(spliceChecked(bytes, before, { k: 'x' }, () => full('k: "x"\n'))).toMatchObject({
    kind: 'error',
    error: { message: expect.stringContaining('closing fence') },
  })
})

test('a refusal names all fields, with the place of the first that is there, else the end', () => {
  const at = (yaml: string, fields: Record<string, FieldValue>) =>
    splice(Buffer.from(`---\n${yaml}---\n`), fields)
  expect(at('{a: 1,\n  locked_at: x}\n', LOCKED)).toMatchObject({
    kind: 'error',
    error: {
      line: 3,
      column: 3,
      message: expect.stringContaining('cannot set locked_by, locked_at in this frontmatter: '),
    },
  })
  expect(at('{a: 1}\n', LOCKED)).toMatchObject({ error: { line: 3, column: 1 } })
  expect(at('z: &x [1]\nlocked_by: &x [2]\na: *x\n', LOCKED)).toMatchObject({
    error: { line: 3, column: 1, message: expect.stringContaining('an alias would name something else') },
  })
})

test('an anchor that is named nowhere else may go with its value', () => {
  const other = 'z: &x [1]\nother: *x\n'
  for (const value of ['&x [2]', '&y [2, *y]', '[&x [2], *x]', '[*x]'])
    expect(spliced(`---\n${other}k: ${value}\n---\n`, { k: 'x' })).toBe(`---\n${other}k: "x"\n---\n`)
  expect(spliced('---\nz: &x [1]\nk: old\nother: *x\n---\n', { k: 'x' })).toBe(
    '---\nz: &x [1]\nk: "x"\nother: *x\n---\n',
  )
})

test('without a full reader it asks for one', () => {
  const bytes = Buffer.from('---\nid: |+\n  A\n---\n')
  const before = readFrontmatter(bytes, full)
  if (before.kind === 'ok') expect(spliceChecked(bytes, before, LOCKED)).toEqual({ kind: 'needsFull' })
  expect(before.kind).toBe('ok')
})

test('bytes of the body that are not text stay as they are', () => {
  const body = Buffer.from([0xff, 0, 0x80, 10, 45, 45, 45, 10, 0xc3])
  const result = splice(Buffer.concat([Buffer.from('---\nid: é\n---\n'), body]), LOCKED)
  expect(result.kind === 'ok' && result.bytes.subarray(-body.length)).toEqual(body)
})

test('any string is read back as it was given', () => {
  const odd = fc.constantFrom(
    '\u0085',
    '\u2028',
    '\ufeff',
    '"',
    '\\',
    '\n---\n',
    '\r',
    '\0',
    ': ',
    ' #',
    '😀',
    '\ud800',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(odd).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(text, fc.constantFrom('', 'k: old # c\n'), (value, yaml) => {
      const result = splice(Buffer.from(`---\na: é\n${yaml}---\n`), { k: value })
      expect(result.kind).toBe('ok')
      if (result.kind === 'ok') expect(scalarText(findPair(result.after.map, 'k')?.value) ?? '').toBe(value)
    }),
    { numRuns: runs(500) },
  )
})

const LOCK_LINES = fc.constantFrom(
  '',
  'locked_by:\n',
  'locked_by: "me" # c\nlocked_at: 2026-01-01\n',
  "locked_at: '' \n",
)

const anyYaml = fc.oneof(plainYaml, nastyYaml)

const anyFile = fc
  .tuple(
    fc.boolean(),
    anyYaml,
    LOCK_LINES,
    anyYaml,
    fc.constantFrom('', '\n', '\nbody\n---\n', '  \nbody'),
    fc.boolean(),
  )
  .map(([bom, top, lock, bottom, body, crlf]) => {
    const text = `${bom ? '\ufeff' : ''}---\n${top}${lock}${bottom.replaceAll(/^(\S*):/gm, '$1_:')}\n---${body}`
    return Buffer.from(crlf ? text.replaceAll(/\r?\n/g, '\r\n') : text)
  })

/** Checks a file through set, clear, set, clear; false if the change is refused. */
function survives(bytes: Buffer): boolean {
  const before = readFrontmatter(bytes, full)
  if (before.kind !== 'ok') return false
  const set = spliceChecked(bytes, before, LOCKED, full)
  if (set.kind !== 'ok') return false
  const cleared = splice(set.bytes, CLEARED)
  if (cleared.kind !== 'ok') throw new Error(`cannot be cleared: ${set.bytes}`)
  const again = splice(cleared.bytes, LOCKED)
  expect(again.kind === 'ok' && again.bytes.equals(set.bytes)).toBe(true)
  if (again.kind !== 'ok') return false
  const last = splice(again.bytes, CLEARED)
  expect(last.kind === 'ok' && last.bytes.equals(cleared.bytes)).toBe(true)

  expect(withoutLock(set.bytes, LOCKED)).toEqual(withoutLock(bytes, LOCKED))
  expect(withoutLock(cleared.bytes, LOCKED)).toEqual(withoutLock(bytes, LOCKED))
  return true
}

/** The file's bytes but for the lock keys, their values and what is between them. */
function withoutLock(bytes: Buffer, fields: Record<string, string>): string {
  const read = readFrontmatter(bytes, full)
  if (read.kind !== 'ok') throw new Error('unreadable')
  let { yaml } = read.split
  const pairs = read.map.pairs.filter(pair => pair.key in fields).sort((a, b) => b.keyStart - a.keyStart)
  for (const { keyStart, value } of pairs) {
    // A comment and blanks behind the value stay; only where the value was empty may a blank be new.
    yaml =
      yaml.slice(0, keyStart) +
      yaml
        .slice(value.end)
        .replace(/^[ \t]*(?=\r?\n)/, '')
        .replace(/^[ \t]*#/, ' #')
  }
  // An added line is empty now, and its line ending is all there is of it.
  const lines = yaml.split(/(?<=\n)/).filter(line => line.trim() !== '')
  return [bytes.subarray(0, read.split.yamlStart), ...lines, bytes.subarray(read.split.yamlEnd)]
    .map(part => Buffer.from(part as string).toString('latin1'))
    .join('')
}

test('set, clear, set, clear comes back to the bytes of the first clear, and nothing else ever changes', () => {
  let changed = 0
  fc.assert(
    fc.property(anyFile, bytes => {
      if (survives(bytes)) changed++
    }),
    { numRuns: runs(500) },
  )
  expect(changed).toBeGreaterThan(runs(50))
})

const files = corpus()

test.skipIf(CORPUS === null)(
  'every real file that can be read can be locked and cleared, but those with doubled lock keys',
  () => {
    for (const { path, bytes } of files) {
      const read = readFrontmatter(bytes, full)
      if (read.kind === 'ok' && !read.duplicates.some(one => one.key in LOCKED))
        expect(survives(bytes), path).toBe(true)
    }
  },
)
