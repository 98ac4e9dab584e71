import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFull } from '../../src/markdown/read/full.ts'
import { type RepeatedKey, readPlain } from '../../src/markdown/read/plain.ts'
import { toData } from '../../src/markdown/scalar.ts'
import { splitFrontmatter } from '../../src/markdown/split.ts'
import { CORPUS, corpus } from '../support/corpus.ts'
import { runs } from '../support/property-runs.ts'
import { nastyYaml, plainYaml, reference } from './helpers.ts'

const REGISTRY = `session_id: "claude-devbox-k3x9f2"
subagents_used:
  - codex
subagents_used2: []
sessions:
  - session_id: "x"
    anchor: { pid: 4242, started: "81423977", boot: "9f3c", pidns: "4026531836" }
    claims: [{ id: WRK-157, claimed_at: "2026-02-16T19:30:05Z", run_id: null }]
    ended_at: null
`

function agrees(text: string): boolean {
  const map = readPlain(text)
  if (!map) return false
  const expected = reference(text)
  expect(expected, `the yaml package finds an error in ${JSON.stringify(text)}`).toBeDefined()
  expect(toData(map), JSON.stringify(text)).toEqual(expected!.data)
  return true
}

describe('readPlain reads, as the yaml package does,', () => {
  test.each([
    ['a registry', REGISTRY],
    ['a registry with CRLF', REGISTRY.replaceAll('\n', '\r\n')],
    ['nothing', ''],
    ['only comments', '# a\n\n  # b\n'],
    ['plain words', 'id: WRK-157\ntitle: a b  c\nurl: http://x.y/z#f\n'],
    ['no line feed at the end', 'id: A\nb: c'],
    ['an indented root', '  id: A\n  b: c\n'],
    [
      'numbers, booleans, null',
      'a: 1\nb: -0x\nc: 0o17\nd: .5\ne: true\nf: ~\ng: 1e3\nh: 0012\ni: -.inf\nj: .nan\nk: 0x1F\n',
    ],
    [
      'numbers with signs, of many digits, and words that are nearly numbers',
      'a: 9\nb: +12\nc: -12.5e+10\nd: .125\ne: 1E-5\nf: 10x1F\ng: .nanx\nh: 1.2.3\ni: 123456789012345678901234567890\nj: -0\nk: +.INF\n',
    ],
    [
      'words for yes, no and nothing in all their spellings, and in some that are none',
      'a: false\nb: False\nc: FALSE\nd: True\ne: TRUE\nf: tRUE\ng: xalse\nh: Null\ni: NULL\nj: nULL\nk: nullx\n',
    ],
    ['dates and hashes', 'a: 2026-01-01\nb: 2026-01-01T00:00:00Z\nc: 12345678\nd: 12e4567\n'],
    ['empty values', 'a:\nb: \nc: # note\nd:\n\ne: x\n'],
    ['comments', 'a: b # c\nd: "e" # f\n# g\nh: [i] # j\nk: l#m\n'],
    [
      'quotes',
      `a: "x \\" \\\\ \\n \\t \\/ \\u00e9 \\x41 \\\\x41"\nb: 'it''s "so"'\nc: ""\nd: ''\ne: '\\'\nf: "~"\n`,
    ],
    [
      'flow collections',
      'a: [ x, "y, z", [1, 2] , {k: v, l: [m]}]\nb: {}\nc: {a: b}\nd: [http://a.b:80/c]\n',
    ],
    ['list items below their dash with CRLF', 'a:\r\n  -\r\n    b: c\r\n'],
    ['words behind a dash', 'a: -b\nc: [-d, -é]\n'],
    ['lists at both indentations', 'a:\n  - b\n  - c\nd:\n- e\n- f\ng: h\n'],
    [
      'lists of maps',
      'a:\n  - b: 1\n    c:\n      - d\n      -   e: 1\n          f: 2\n  -\n    g: 1\n  -\n',
    ],
    ['nested maps', 'a:\n  b:\n     c: d\n  # x\n# y\n  e: f\n\n'],
    ['other scripts', 'a: é — 😀\nb: "日本"\nc: [ü]\n'],
    ['__proto__', '__proto__: {a: 1}\n'],
    [
      'literal blocks',
      'a: |\n  x: y\n\n    z # no comment\n  \nb: |-\n  x\n\n\nc:\n  d: |\n     x\n     ---\n  e: f\n',
    ],
    ['literal blocks with a blank line first', 'a: |\n\n  x ~ y\nb:\n  c: |-\n\n\n    z\n'],
    ['folded blocks', 'a: >\n  x: y\n  z\nb: >-\n  x\n  y\n\nc: d\n'],
    ['blocks with CRLF', 'a: |\r\n  x\r\n\r\n  y\r\nb: >\r\n  x\r\n  y\r\nc: d\r\n'],
    [
      'plain scalars over several lines',
      'a: b\n  c\n    d # note\ne: f\r\n  g\r\nh:\n  i: j\n   k\nl: m\n -n\n',
    ],
    [
      'quoted scalars over several lines',
      `a: "b \\" c \\\n  \\ d\n  e\\\\\\\n  f \n   g"\nh: 'i''\n  # j\\\n    k' # l\nm: "\n  n\n  "\n`,
    ],
    [
      'flow collections over several lines',
      'a: [\n  b,\n  {c: d,\n   e: f}, ]\ng: {h: i,\r\n  j: [k]\r\n  }\nl: [m,\n \n n,]\n',
    ],
    ['flow collections below their key', 'a:\n  []\nb:\n  {c: d} # e\nf: g\n'],
    ['marks of flow within plain words', 'a: b[0], c{d}\ne:\n  - f, g[1] {h}\ni: j\n  k, l[2]\n'],
    ['blank lines with CRLF', '\r\na: b\r\n\r\n  \r\nc: d\r\n'],
  ])('%s', (_, text) => {
    expect(agrees(text)).toBe(true)
  })

  test.each(['', '\n', ' \r\n# a\n'])('%j as an empty block map at its end', text => {
    const end = Math.max(text.length, 1)
    expect(readPlain(text)).toEqual({ kind: 'map', pairs: [], flow: false, start: end, end })
  })

  test('with the place of every value', () => {
    const text = 'id: WRK-1 # c\nb:   "x"\nc:\nd: [a, b]\n'
    const map = readPlain(text)!
    expect(map.pairs.map(pair => [pair.keyStart, text.slice(pair.value.start, pair.value.end)])).toEqual([
      [0, 'WRK-1'],
      [14, '"x"'],
      [23, ''],
      [26, '[a, b]'],
    ])
    expect(map.pairs[2]!.value.start).toBe(25)
  })
})

test.each([
  ...[
    'a: |+\n  x\n',
    'a: |2\n  x\n',
    'a: | # c\n  x\n',
    'a: |\n\nb: c\n',
    'a: |\n   x\n  y\n',
    'a: |\n    \n  x\n',
    'a: |\n  x\n \ty\n',
    'a: >\n  x\n\n  y\n',
    'a: >\n  x\n    y\n',
    'a: >-\n\n  x\n',
    'a: |\n  x\ty\n',
    'a: |\n  x\ry\n',
    'a: |\n  x\r\r\n',
    'a: |\n  x\x07\n',
    'a: |\n  x\x7f\n',
    'a: |\n  x\u2028\n',
    'a: b\n\n  c\n',
    'a: b # x\n  c\n',
    'a: b\n  c: d\n',
    'a: b\n  - c\n',
    'a: "b\n  c"\n  d\n',
    "a: 'b'\n  c\n",
    'a: [b]\n  c\n',
    'a: "b\n\n  c"\n',
    'a: "b\n \n c"\n',
    'a: "b\nc"\n',
    'a: ["b\n  c"]\n',
    "a: 'b\n\tc'\n",
    'a: "b\r\n  c"\n',
    "a: 'b\n",
    'a: [b\n',
    'a: {b: c\n',
    'a: [b,\nc]\n',
    'a: [b\n  c]\n',
    'a: [b,\n  c # d\n  ]\n',
    'a: [b,\n\n  c]\n',
    'a: [b,, c]\n',
    'a: [,b]\n',
    'a:\n  - [b,\n     c]\n',
  ],
  ...[
    'a: &x b\n',
    'a: *x\n',
    'a: !!str b\n',
    '? a\n: b\n',
    '"a": b\n',
    '%YAML 1.2\n',
    'a:\n\tb: c\n',
    'a: b\tc\n',
  ],
  ...[
    'a: 1\na: 2\n',
    'a: {b: 1, b: 2}\n',
    'a:\n  b: 1\n  b: 2\n',
    '1: a\n',
    'true: a\n',
    'null: a\n',
    '<<: {a: b}\n',
  ],
  ...[
    'a: [b:]\n',
    'a: [b:, c]\n',
    'a: {b: c:}\n',
    'a: b: c\n',
    'a: b:\n',
    'a: b:\r\n',
    'a: b:\tc\n',
    'a:\r b\n',
    'a:b\n',
    'a\n',
    '- a\n',
    '[a]\n',
    '{a: b}\n',
    'a: b\n c: d\n',
    'a:\n  b: c\n d: e\n',
    '  a: b\nc: d\n',
  ],
  ...[
    'a: @b\n',
    'a: `b`\n',
    'a: %b\n',
    'a: - b\n',
    'a: "b" c\n',
    "a: 'b'c\n",
    'a: "b"#c\n',
    `a: "b"'c"\n`,
    'a: "b"# c\n',
    'a: "\\q"\n',
    'a: ]\n',
    'a: ,b\n',
  ],
  ...[
    'a: b\rc: d\n',
    'a: b\n\r c: d\n',
    'a:\r',
    'a: b\0\n',
    'a: b\x7f\n',
    'a: b\u0085\n',
    '\ufeffa: b\n',
    'a: b\n...\n',
    'a: b\n--- c\n',
    'a: b\n...',
    'a: "\\',
  ],
  ...[
    ': b\nc: d\n',
    'a:b: c\n',
    'a: "b\x7f"\n',
    "a: 'b\u2028'\n",
    'a: b\ufeff\n',
    'a: [b\u0085]\n',
    'a: [b, "c\uffff"]\n',
    'a:\n  - b\x7f\n',
  ],
])('readPlain leaves %j to the yaml package, whichever keys are wanted', text => {
  expect(readPlain(text)).toBeNull()
  expect(readPlain(text, new Set(['a']))).toBeNull()
  // Of a key that is not wanted, nobody asks whether it appears twice.
  if (text !== 'a: 1\na: 2\n') expect(readPlain(text, new Set(['c', 'z']))).toBeNull()
})

test('readPlain never reads what the yaml package reads differently', () => {
  let read = 0
  fc.assert(
    fc.property(nastyYaml, text => {
      if (agrees(text)) read++
    }),
    { numRuns: runs(4000) },
  )
  expect(read).toBeGreaterThan(runs(400))
})

const WANTED = new Set(['id', 'title', 'status'])

test('with only some keys wanted, it checks all of the text and gives those the same', () => {
  let read = 0
  fc.assert(
    fc.property(nastyYaml, text => {
      const some = readPlain(text, WANTED)
      if (!some) return
      read++
      const expected = reference(text, false)
      expect(expected, `the yaml package finds an error in ${JSON.stringify(text)}`).toBeDefined()
      const data = Object.entries(expected!.data as object).filter(([key]) => WANTED.has(key))
      const pairs = some.pairs.filter(({ key }) => WANTED.has(key))
      expect(toData({ ...some, pairs }), JSON.stringify(text)).toEqual(Object.fromEntries(data))
    }),
    { numRuns: runs(4000) },
  )
  expect(read).toBeGreaterThan(runs(400))
})

test('what it reads in full it also reads with only some keys wanted', () => {
  fc.assert(
    fc.property(plainYaml, text => {
      const all = readPlain(text, undefined, [])
      if (!all) return
      const pairs = all.pairs.filter(({ key }) => WANTED.has(key))
      const wanted = readPlain(text, WANTED, [])?.pairs.filter(({ key }) => WANTED.has(key))
      expect(wanted, JSON.stringify(text)).toEqual(pairs)
    }),
    { numRuns: runs(2000) },
  )
})

test('simple values that are wanted are the same, with their places and styles', () => {
  const text = [
    '# items\n',
    'id:   "WRK-1"\n',
    'title: two words here  # note\n',
    'x: y\n',
    "status:  'it''s'  \n",
    'said: "it\'\'s"\n',
    'empty:\n',
    'blank: \n',
    'noted:  # note\n',
    'list: [ a b, "c, d" ,e]\n',
    'none: [ ]\n',
    'deep:\n  k: v\n',
    'last: z\n',
  ].join('')
  const pairs = readPlain(text)!.pairs.filter(({ key }) => key !== 'x')
  expect(readPlain(text, new Set(pairs.map(({ key }) => key)))).toEqual({
    kind: 'map',
    pairs,
    flow: false,
    start: 0,
    end: text.length,
  })
})

test('keys that are not wanted may be duplicates, and a wanted one may hold any character', () => {
  const text = 'x: |\n  1\na.b: A\nx: |\n  2\nab: B\n'
  const map = readPlain(text, new Set(['a.b', 'c(']))
  expect(map?.pairs.map(({ key }) => key)).toEqual(['a.b'])
})

test.each(['id: A\nid: B\n', 'id: A\nx: y\nid: |\n  B\n', 'id: |\n  A\nx: y\nid: |\n  B\n'])(
  'a wanted key that stands twice is seen in %j',
  text => {
    expect(readPlain(text, WANTED)).toBeNull()
    const repeated: RepeatedKey[] = []
    expect(readPlain(text, WANTED, repeated)).not.toBeNull()
    expect(repeated).toEqual([{ key: 'id', offset: text.lastIndexOf('id:') }])
  },
)

test('both readers give the same places, keys and styles', () => {
  let both = 0
  fc.assert(
    fc.property(plainYaml, text => {
      const map = readPlain(text)
      if (!map) return
      both++
      const full = readFull(text)
      expect(full.kind === 'map' && full.map.pairs).toEqual(map.pairs)
    }),
    { numRuns: runs(500) },
  )
  expect(both).toBeGreaterThan(runs(50))
})

test.each([
  'a: |\n  trailing  \nb: c\n',
  'a: >\r\n  trailing \r\n\r\nb: c\r\n',
  'a: \n- \nb: c\n',
  'a:\n  -   # note\n  - b\n',
])('both readers give the same places in %j', text => {
  const full = readFull(text)
  expect(full.kind === 'map' && full.map.pairs).toEqual(readPlain(text)!.pairs)
})

test('a map of many keys still finds duplicates', () => {
  const keys = Array.from({ length: 200 }, (_, i) => `k${i}: ${i}\n`)
  expect(readPlain(keys.join(''))!.pairs).toHaveLength(200)
  for (const i of [0, 31, 32, 33, 199]) expect(readPlain(keys.join('') + keys[i])).toBeNull()
})

test('a map of very many keys takes no time', () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => `k${i}:\n`)
  const begin = performance.now()
  expect(readPlain(keys.join(''))!.pairs).toHaveLength(keys.length)
  expect(performance.now() - begin).toBeLessThan(5000)
})

test.each([
  'a:\n  b: 1\n  b: 2\n',
  'a:\n  - b: 1\n    b: 2\n',
  'a:\n  -\n    b: 1\n    b: 2\n',
  'a: {b: 1, b: 2}\n',
])(
  'a key that stands twice below the top is left to the yaml package in %j, also where those at the top are asked for',
  text => {
    expect(readPlain(text, undefined, [])).toBeNull()
  },
)

test('keys so long that YAML may refuse them are left to the yaml package', () => {
  expect(agrees(`${'k'.repeat(1000)}: a\n`)).toBe(true)
  for (const text of ['?: a\n', 'a: {?: b}\n', 'a:\n  - ?: b\n'])
    expect(readPlain(text.replace('?', 'k'.repeat(1024)))).toBeNull()
})

/** `open` on ever deeper lines. */
const nested = (open: string, step: number, times: number) =>
  Array.from({ length: times }, (_, i) => `${' '.repeat(i * step)}${open}\n`).join('')

test.each([
  ['maps', 1, (times: number) => nested('a:', 1, times)],
  ['lists', 1, (times: number) => `a:\n${nested('-', 1, times)}`],
  ['maps in lists', 2, (times: number) => `a:\n${nested('- a:', 2, times)}`],
  ['lists in flow', 1, (times: number) => `a: ${'['.repeat(times)}${']'.repeat(times)}\n`],
  ['maps in flow', 1, (times: number) => `a: ${'{a: '.repeat(times)}b${'}'.repeat(times)}\n`],
])('%s nested deeper than anyone writes are left to the yaml package', (_, levels, text) => {
  expect(readPlain(text(30 / levels))).not.toBeNull()
  expect(readPlain(text(40 / levels))).toBeNull()
})

test('endless nesting is left to the yaml package, not to the call stack', () => {
  expect(readPlain(`a: ${'['.repeat(100_000)}`)).toBeNull()
  expect(readPlain(nested('a:', 1, 2000))).toBeNull()
})

const files = corpus()
test.skipIf(CORPUS === null)(
  'real files are read as the yaml package reads them, nearly all of them plainly',
  () => {
    let usable = 0
    let plain = 0
    for (const { bytes } of files) {
      const split = splitFrontmatter(bytes)
      if (split.kind === 'error') continue
      if (reference(split.yaml)) usable++
      if (agrees(split.yaml)) plain++
    }
    console.log(
      `readPlain reads ${plain} of ${usable} usable real files (${((100 * plain) / usable).toFixed(1)} %)`,
    )
    expect(plain / usable).toBeGreaterThan(0.95)
  },
)
