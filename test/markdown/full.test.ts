import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFull, readWithGrayMatter, toBlockForm } from '../../src/markdown/read/full.ts'
import { findPair, scalarText, scalarValue, toData } from '../../src/markdown/scalar.ts'
import { runs } from '../support/property-runs.ts'
import { nastyYaml, reference } from './helpers.ts'

const read = (text: string) => {
  const result = readFull(text)
  if (result.kind === 'error') throw new Error(result.error.message)
  return result.map
}
const written = (text: string, key: string) => {
  const { start, end } = findPair(read(text), key)!.value
  return text.slice(start, end)
}

describe('readFull', () => {
  test.each(['', '# only a comment\n', '\n\n', '&x\n', '!!null\n'])(
    'gives an empty map, at the end, for %j',
    text => {
      const end = text.length
      const map = { kind: 'map', pairs: [], flow: false, start: end, end }
      expect(readFull(text)).toEqual({ kind: 'map', map, duplicates: [] })
    },
  )
  test.each([
    ['a: |\n  text\n\nb: c\n', 'a', '|\n  text'],
    ['a: >- # why\n  text\n  more\n', 'a', '>- # why\n  text\n  more'],
    ['a: |+\n  text\n\n', 'a', '|+\n  text'],
    ['a: |\n  text  \n \nb: c\n', 'a', '|\n  text  '],
    ['a: |\r\n  text \r\n\r\n', 'a', '|\r\n  text '],
    ['a: !!null |\n\n\nb: c\n', 'a', '!!null |'],
    ['a: !!int |-\r\n  5\r\n\r\n', 'a', '!!int |-\r\n  5'],
    ['a:\n  ? - |\n      b\n\n\n', 'a', '? - |\n      b'],
    ['a: \n- \nb: c\n', 'a', '-'],
    ['a: two\n  lines # c\nb: c\n', 'a', 'two\n  lines'],
    ['a: "two\n  lines" # c\n', 'a', '"two\n  lines"'],
    ['a:\n- b\n- c # d\ne: f\n', 'a', '- b\n- c'],
    ['a:   # note\nb: |\n  c\n', 'a', ''],
    ['a: &x b # c\n', 'a', '&x b'],
    ['a: !!str # c\n', 'a', '!!str'],
    ['a: &x b\nc: *x\n', 'c', '*x'],
    ['"a": [b,\n  c]\n', 'a', '[b,\n  c]'],
    ['a: &x !!str # c\nb: d\n', 'a', '&x !!str'],
    ['a: !!str &x # c\nb: d\n', 'a', '!!str &x'],
    ['a: &x\n\n\nb: c\n', 'a', '&x'],
    ['a: &x # c\n  !!str # d\nb: e\n', 'a', '&x # c\n  !!str'],
    ['a: !!str &x "" # c\n', 'a', '!!str &x ""'],
    ['? a # b\n: &x c # d\n', 'a', '&x c'],
  ])('knows what is written in %j as the value of %s', (text, key, expected) => {
    expect(written(text, key)).toBe(expected)
  })
  test.each([
    ['a:  # |\nb: &x 1\n', 2],
    ['a :  # c\n', 3],
    ['? a # b\n:  # c\n', 9],
    ['? a # b\n', 3],
    ['{a, b: c}\n', 2],
  ])('puts the empty value of a in %j right behind its colon, or its key where there is none', (text, at) => {
    expect(findPair(read(text), 'a')!.value).toEqual({
      kind: 'scalar',
      style: 'plain',
      text: '',
      start: at,
      end: at,
    })
  })
  test('reports top-level keys that stand twice, with the place of each later one', () => {
    expect(readFull('a: 1\nb: 2\na: 3\n  \n"a": 4\nc: {d: 1, d: 2}\n')).toMatchObject({
      kind: 'map',
      duplicates: [
        { key: 'a', line: 3, column: 1 },
        { key: 'a', line: 5, column: 1 },
      ],
    })
  })
  test.each([
    ['- a\n', 1, 1, 'mapping'],
    ['\n  just words\n', 2, 3, 'mapping'],
    ['a: 1\nb: "open\n', 3, 1, 'closing'],
    ['a: 1\nb: [1\nc: 2\n', 3, 1, ''],
    ['a: b: c\n', 1, 4, 'Nested'],
    ['a: b\n...\nc: d\n', 3, 1, 'multiple documents'],
    ['a: 1\nb: *nobody\n', 2, 4, 'nobody'],
    ['*a : &a x\n', 1, 1, 'a'],
    ['a: *first\nb: *second\n', 1, 4, 'first'],
    ['~\n', 1, 1, 'mapping'],
    ['\n\n"word"\n', 3, 1, 'mapping'],
    ['""\n', 1, 1, 'mapping'],
    ['? [*nobody]\n: x\n', 1, 4, 'nobody'],
  ])('refuses %j at line %i, column %i', (text, line, column, word) => {
    const result = readFull(text)
    expect(result).toMatchObject({
      kind: 'error',
      error: { line, column, message: expect.stringContaining(word) },
    })
    expect(result).not.toMatchObject({ error: { message: expect.stringContaining('\n') } })
  })
  test('names what it was reading', () => {
    const message = (options?: Parameters<typeof readFull>[1]) => {
      const result = readFull('- a', options)
      return result.kind === 'error' && result.error.message
    }
    expect(message()).toMatch(/^the frontmatter is not/)
    expect(message({})).toMatch(/^the frontmatter is not/)
    expect(message({ source: 'frontmatter' })).toMatch(/^the frontmatter is not/)
    expect(message({ source: 'file' })).toMatch(/^the file is not/)
  })
  test.each([
    ['~: x\n', ''],
    ['1.0: x\n', '1'],
    ['0x10: x\n', '16'],
    ['True: x\n', 'true'],
    ['"1.0": x\n', '1.0'],
    ["'null': x\n", 'null'],
    ['!!str 1.0: x\n', '1.0'],
    ['? |-\n  true\n: x\n', 'true'],
    ['? [a, b]\n: x\n', '[a, b]'],
    ['{a: b}: x\n', '{a: b}'],
    ['? a\n', 'a'],
    ['{a}', 'a'],
  ])('knows the key of %j as %j', (text, key) => {
    expect(read(text).pairs.map(pair => pair.key)).toEqual([key])
  })
  test.each([
    ['a: "1"\n', 'double', '1'],
    ["a: '1'\n", 'single', '1'],
    ['a: 0x10\n', 'plain', '0x10'],
    ['a: .NaN\n', 'plain', '.NaN'],
    ['a: -0\n', 'plain', '-0'],
    ['a: |-\n  1\n', 'block', '1'],
    ['a: >-\n  1\n', 'block', '1'],
    ['a: !!str words\n', 'plain', 'words'],
    ['a: !!str 1\n', 'double', '1'],
    ['a: !!str\n', 'double', ''],
    ['a: !!int "1"\n', 'plain', '1'],
    ['a: !!int |-\n  0x1\n', 'plain', '0x1'],
    ['a: !!null |-\n  null\n', 'plain', 'null'],
    ['a: !!null |\n\n', 'plain', ''],
  ])('knows of %j the style, %s, and the characters', (text, style, characters) => {
    expect(findPair(read(text), 'a')!.value).toMatchObject({ kind: 'scalar', style, text: characters })
  })
  test.each([
    ['a: {b: c} # d\n', 'map', true, '{b: c}'],
    ['a: &x {b: c}\n', 'map', true, '&x {b: c}'],
    ['a:\n  b: c # d\n\n', 'map', false, 'b: c'],
    ['a: !!map\n  b: # c\n', 'map', false, '!!map\n  b:'],
    ['l: &l {b: c}\na: *l\n', 'map', true, '*l'],
    ['a: [b, # c\n  d ] # e\n', 'list', undefined, '[b, # c\n  d ]'],
    ['a: &x\n- b\n-  # c\nd: e\n', 'list', undefined, '&x\n- b\n-'],
    ['a: !!seq # b\n  - c\n', 'list', undefined, '!!seq # b\n  - c'],
    ['l: &l [b]\na: *l # c\n', 'list', undefined, '*l'],
  ])('knows of %j that it is a %s', (text, kind, flow, expected) => {
    const { value } = findPair(read(text), 'a')!
    expect(value).toMatchObject(flow === undefined ? { kind } : { kind, flow })
    expect(written(text, 'a')).toBe(expected)
  })
  test('reads an alias to a scalar as the scalar, and expands no other', () => {
    const map = read('a: &x "1"\nb: *x\nc: &l [1]\nd: *l\ne: &m {k: v}\nf: *m\n')
    expect(toData(map)).toEqual({ a: '1', b: '1', c: [1], d: [], e: { k: 'v' }, f: {} })
  })
  test('an alias names the last anchor of that name before it, with the alias as its place', () => {
    const text = 'a: &x 1\nb: &x "2"\nc: *x # d\ne: &x 3\n'
    expect(toData(read(text))).toMatchObject({ c: '2' })
    expect(written(text, 'c')).toBe('*x')
    expect(read(text).aliases).toBeUndefined()
  })
  test('reports each alias to a list or a map with its place, and what it names', () => {
    const text = 'a: &l [1]\nb: &m\n  c: &s d\ne: [*l, *s]\n? *m\n: *l\n'
    const map = read(text)
    const [a, b] = [findPair(map, 'a')!.value, findPair(map, 'b')!.value]
    expect(map.aliases).toEqual([
      { at: text.indexOf('*l'), target: a },
      { at: text.indexOf('*m'), target: b },
      { at: text.lastIndexOf('*l'), target: a },
    ])
  })
  test('knows the anchors within a key that is a list or a map', () => {
    expect(toData(read('? [&x 1]\n: *x\n'))).toEqual({ '[&x 1]': 1 })
    expect(toData(read('? {k: &x 1}\n: *x\n'))).toEqual({ '{k: &x 1}': 1 })
  })
  test('is not blown up by aliases of aliases', () => {
    const bomb = [
      'a0: &a0 [x, x]',
      ...Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
    ]
    expect(JSON.stringify(toData(read(bomb.join('\n')))).length).toBeLessThan(2000)
  })
  test('refuses what is nested too deep', () => {
    const nested = (depth: number) => `a: ${'['.repeat(depth)}${']'.repeat(depth)}`
    expect(readFull(nested(100))).toMatchObject({ kind: 'map' })
    expect(readFull(nested(101))).toMatchObject({
      kind: 'error',
      error: {
        line: 1,
        column: nested(101).lastIndexOf('[') + 1,
        message: expect.stringContaining('100 deep'),
      },
    })
    const key = (depth: number) => `? ${'['.repeat(depth)}${']'.repeat(depth)}\n: x\n`
    expect(readFull(key(100))).toMatchObject({ kind: 'map' })
    expect(readFull(key(101))).toMatchObject({ kind: 'error' })
    const maps = (depth: number) => `${'{a: '.repeat(depth + 1)}${'}'.repeat(depth + 1)}`
    expect(readFull(maps(100))).toMatchObject({ kind: 'map' })
    expect(readFull(maps(101))).toMatchObject({ kind: 'error' })
    expect(readFull(`a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toMatchObject({ kind: 'error' })
  })
  test('gives the same data as the yaml package for whatever that reads', () => {
    let read = 0
    fc.assert(
      fc.property(nastyYaml, text => {
        // Aliases and keys that are collections read differently on purpose.
        const expected = /[*?]|[[{].*:/.test(text) ? undefined : reference(text)
        const result = readFull(text)
        if (!expected || result.kind === 'error') return
        read++
        expect(toData(result.map)).toEqual(expected.data)
      }),
      { numRuns: runs(2000) },
    )
    expect(read).toBeGreaterThan(runs(200))
  })
})

describe('scalars', () => {
  const value = (text: string) => scalarValue({ kind: 'scalar', style: 'plain', text, start: 0, end: 0 })
  test.each([
    ['', null],
    ['~', null],
    ['Null', null],
    ['nULL', 'nULL'],
    ['True', true],
    ['FALSE', false],
    ['yes', 'yes'],
    ['007', 7],
    ['+5', 5],
    ['0x1f', 31],
    ['0o17', 15],
    ['1.50', 1.5],
    ['1e3', 1000],
    ['1_000', '1_000'],
    ['-.INF', Number.NEGATIVE_INFINITY],
    ['.nan', Number.NaN],
    ['+.nan', '+.nan'],
    ['2026-01-01', '2026-01-01'],
    ['12:30', '12:30'],
    ['.', '.'],
    ['-', '-'],
  ])('plain %j means %j', (text, expected) => {
    expect(value(text)).toBe(expected)
    const parsed = reference(`a: ${text}\n`)
    if (parsed) expect(parsed.data).toEqual({ a: expected })
  })
  test('quoted ones are always strings', () => {
    expect(toData(read('a: "1"\nb: \'null\'\nc: |\n  true\nd: !!str 5\ne: !!int "5"\n'))).toEqual({
      a: '1',
      b: 'null',
      c: 'true\n',
      d: '5',
      e: 5,
    })
  })
  test('scalarText gives the characters, and nothing for null, empty, lists and maps', () => {
    const map = read('a: 0012\nb: ~\nc:\nd: ""\ne: [x]\nf: {}\ng: "null"\n')
    const texts = map.pairs.map(pair => scalarText(pair.value))
    expect(texts).toEqual(['0012', undefined, undefined, undefined, undefined, undefined, 'null'])
    expect(scalarText(undefined)).toBeUndefined()
  })
  test('a key __proto__ is data, not a prototype', () => {
    const data = toData(read('__proto__: {polluted: true}\n')) as object
    expect(Object.keys(data)).toEqual(['__proto__'])
    expect('polluted' in data).toBe(false)
  })
})

describe('readWithGrayMatter', () => {
  test('gives data and body', async () => {
    expect(await readWithGrayMatter('---\na: 2026-01-01\nb: [1]\n---\nbody\n---\n')).toEqual({
      kind: 'matter',
      data: { a: '2026-01-01', b: [1] },
      content: 'body\n---\n',
    })
    expect(await readWithGrayMatter('no frontmatter')).toEqual({
      kind: 'matter',
      data: {},
      content: 'no frontmatter',
    })
  })
  test('takes no half of a line end for a part of the last value', async () => {
    for (const value of ['word', '""', "'x'"]) {
      const crlf = await readWithGrayMatter(`---\r\n"a": 1\r\nb: ${value}\r\n---\r\nbody\r\n`)
      expect(crlf).toMatchObject({ kind: 'matter', data: { a: 1, b: value.replace(/["']/g, '') } })
    }
  })
  test.each(['js', ' javascript', 'json', 'coffee', 'toml', 'constructor', 'toString', 'YAML'])(
    'refuses ---%s',
    async name => {
      const result = await readWithGrayMatter(`---${name}\n{ "a": (globalThis.ran = true) }\n---\n`)
      const message = expect.stringContaining('only YAML')
      expect(result).toMatchObject({ kind: 'error', error: { message, line: 1, column: 4 } })
      expect('ran' in globalThis).toBe(false)
    },
  )
  test('reports broken YAML every time, with its line in the file', async () => {
    const broken = '---\na: 1\nb: "open\n---\n'
    expect(await readWithGrayMatter(broken)).toMatchObject({ kind: 'error', error: { line: 3 } })
    expect(await readWithGrayMatter(broken)).toEqual(await readWithGrayMatter(broken))
  })
  test('hands out fresh data each time', async () => {
    const first = await readWithGrayMatter('---\na: [1]\n---\n')
    if (first.kind === 'matter') Object.assign(first.data, { a: 'changed' })
    expect(await readWithGrayMatter('---\na: [1]\n---\n')).toMatchObject({ data: { a: [1] } })
  })
  test.each(['- a', 'words', '42'])('refuses a root like %j', async root => {
    expect(await readWithGrayMatter(`---\n${root}\n---\n`)).toMatchObject({ kind: 'error' })
  })
  test.each([
    ['\u00a0js', 'only YAML'],
    ['\u00a0javascript', 'only YAML'],
    ['\v json', 'only YAML'],
    ['\u00a0coffee', 'coffee'],
  ])('runs no engine for a language behind other blanks: ---%j', async (name, word) => {
    const result = await readWithGrayMatter(`---${name}\n{ "a": (globalThis.ran = true) }\n---\n`)
    const message = expect.stringContaining(word)
    expect(result).toMatchObject({ kind: 'error', error: { message, line: 1, column: 1 } })
    expect('ran' in globalThis).toBe(false)
  })
  test('takes blanks behind the fence, and more dashes, for no language', async () => {
    for (const fence of ['---', '--- ', '---\t', '\ufeff---'])
      expect(await readWithGrayMatter(`${fence}\na: 1\n---\nbody`)).toEqual({
        kind: 'matter',
        data: { a: 1 },
        content: 'body',
      })
    expect(await readWithGrayMatter('----\na: 1\n---\n')).toMatchObject({ kind: 'matter', data: {} })
    expect(await readWithGrayMatter(' ---js\na: 1\n---\n')).toMatchObject({ kind: 'matter', data: {} })
  })
  test('takes the later one of keys that stand twice, and nothing for no data', async () => {
    expect(await readWithGrayMatter('---\na: 1\na: 2\n---\n')).toMatchObject({ data: { a: 2 } })
    for (const nothing of ['', '# c', '#', '&x', '!!null'])
      expect(await readWithGrayMatter(`---\n${nothing}\n---\nbody`)).toEqual({
        kind: 'matter',
        data: {},
        content: 'body',
      })
  })
  test.each([
    ['a: *x', 2, 1, 'x'],
    ['b: 1\na: b: c', 3, 4, 'Nested'],
    ['\n  - a', 3, 3, 'mapping'],
  ])('tells the place in the file of what is wrong with %j', async (yaml, line, column, word) => {
    const result = await readWithGrayMatter(`---\n${yaml}\n---\nbody\n`)
    expect(result).toMatchObject({
      kind: 'error',
      error: { line, column, message: expect.stringContaining(word) },
    })
    expect(result).not.toMatchObject({ error: { message: expect.stringContaining('\n') } })
  })
  test('refuses an alias bomb', async () => {
    const bomb = [
      'a0: &a0 [x, x]',
      ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
    ]
    expect(await readWithGrayMatter(`---\n${bomb.join('\n')}\n---\n`)).toMatchObject({ kind: 'error' })
  })
})

describe('toBlockForm', () => {
  test.each([
    ['{a: 1, b: [x, y], c: {d: e}}', 'a: 1\nb:\n  - x\n  - y\nc:\n  d: e\n'],
    ['# top\n{a: 1, # one\n # two\n b: 2}\n# end', '# top\na: 1 # one\n# two\nb: 2\n\n# end\n'],
    ['{"a b": "1", \'c\': \'2\'}', 'a b: "1"\nc: \'2\'\n'],
    ['{a: [], b: {}, c: {d: []}}', 'a: []\nb: {}\nc:\n  d: []\n'],
    ['{}', '{}\n'],
    ['# c\n{} # d', '# c\n{} # d\n'],
    ['- {a: [1, 2]}', '- a: [ 1, 2 ]\n'],
    [
      'a: [{b: {c: d}, e: [{f: g}], h: []}, {}]',
      'a:\n  - b: { c: d }\n    e: [ { f: g } ]\n    h: []\n  - {}\n',
    ],
    ['a: [[b, [c]]]', 'a:\n  - - b\n    - [ c ]\n'],
    ['a:\n- b:\n    c: d\n  e:\n  - f\n', 'a:\n  - b: { c: d }\n    e: [ f ]\n'],
    ['{a: [{b: 1, b: 2}], a: 3}', 'a:\n  - b: 1\n    b: 2\na: 3\n'],
  ])('gives %j a line for each key and entry', (text, expected) => {
    expect(toBlockForm(text)).toBe(expected)
  })
  test('breaks no long value', () => {
    const long = 'word '.repeat(40)
    expect(toBlockForm(`{a: "${long}"}`)).toBe(`a: "${long}"\n`)
  })
})
