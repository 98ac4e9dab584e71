/** How a value is written into frontmatter: plain where YAML reads it back as that text, else in quotes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPair } from '../../src/markdown/scalar.ts'
import { runs } from '../support/property-runs.ts'
import { splice, spliced } from './splice.shared.ts'

test('characters that are not to be seen are escaped, whatever quotes there were', () => {
  const shown = [0x7f, 0x80, 0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff, 0x1f, 0xd800, 0xdfff]
  for (const code of shown) {
    const escaped = `k: "a\\u${code.toString(16).padStart(4, '0')}b"`
    const text = `a${String.fromCharCode(code)}b`
    for (const old of ['k: old', "k: 'old'", 'k: "old"'])
      for (const value of [text, { word: text }])
        expect(spliced(`---\n${old}\n---\n`, { k: value })).toBe(`---\n${escaped}\n---\n`)
  }
  for (const word of ['a~b', 'a\u00a0b', 'a\u2027b', 'a\u202ab', 'a\ufefdb', 'a\uff00b', 'a\ufffdb', 'a😀b'])
    expect(spliced("---\nk: 'old'\n---\n", { k: { word } })).toBe(`---\nk: '${word}'\n---\n`)
})

describe('a word is written as people write it', () => {
  test.each([
    ['k: old', 'new words', 'k: new words'],
    ['k: old', 'true', 'k: true'],
    ['k: old', '50', 'k: 50'],
    ['k: old', '2026-02-16T19:30:05Z', 'k: 2026-02-16T19:30:05Z'],
    ['k: old', '', 'k: ""'],
    ['k: old', ' new', 'k: " new"'],
    ['k: old', '\u00a0new', 'k: "\u00a0new"'],
    ['k: old', 'new\u3000', 'k: "new\u3000"'],
    ['k: old', 'a: b', 'k: "a: b"'],
    ['k: old', 'a #b', 'k: "a #b"'],
    ['k: old', '# b', 'k: "# b"'],
    ['k: old', "'", 'k: "\'"'],
    ['k: old', '{}', 'k: "{}"'],
    ['k: old', '!x', 'k: "!x"'],
    ['k: old', '&x', 'k: "&x"'],
    ['k: old', '\t', 'k: "\\t"'],
    ['k: "old" # c', 'true', 'k: "true" # c'],
    ["k: 'old' # c", 'true', "k: 'true' # c"],
    ["k: 'old'", "it's é", "k: 'it''s é'"],
    ["k: 'old'", 'a\tb', 'k: "a\\tb"'],
    ["k: 'old'", '\ud800', 'k: "\\ud800"'],
    ['k: [a, b] # c', 'new', 'k: new # c'],
    ['k:\n  - a\n  - b', 'new', 'k: new'],
    ['k:\n  below', '---', 'k:\n  "---"'],
    ['k: |\n  text', 'new', 'k: new'],
    ['', 'new', 'k: new'],
    ['', 'a: b', 'k: "a: b"'],
  ])('%j becoming %j', (before, word, after) => {
    const ends = (text: string) => text.replace(/^\n/gm, '')
    expect(spliced(ends(`---\na: 1\n${before}\n---\nbody\n`), { k: { word } })).toBe(
      `---\na: 1\n${after}\n---\nbody\n`,
    )
  })

  const KEYS = ['id', 'title', 'priority', 'owner', 'plan_approved', 'completed_at']
  const VALUES = [
    ...['', ' ""', " ''", ' plain', ' true', ' 7', ' ~', ' "double \\" \\u00e9"', " 'it''s'", ' é — 😀'],
    ...[' two\n  lines', ' |\n  text\n  more', ' >-\n  text', '\n  below', ' 2026-01-01'],
  ]
  const simple = fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 }).chain(keys =>
    fc.record({
      keys: fc.constant(keys),
      values: fc.array(fc.constantFrom(...VALUES), { minLength: keys.length, maxLength: keys.length }),
      comments: fc.array(fc.constantFrom('', ' # c', '  #c: d'), {
        minLength: keys.length,
        maxLength: keys.length,
      }),
      crlf: fc.boolean(),
    }),
  )
  const odd = fc.constantFrom(
    ...[
      ': ',
      ' #',
      '#',
      '- ',
      '"',
      "'",
      '\\',
      '[',
      '{',
      '*',
      '&',
      '!',
      '|',
      '>',
      '%',
      '@',
      '`',
      '---',
      '...',
    ],
    ...[
      'true',
      'null',
      '~',
      '0x1F',
      '1e3',
      '.inf',
      '2026-02-16',
      'a',
      'é',
      '😀',
      '\t',
      '\u0085',
      '\u2028',
      '\ufeff',
    ],
  )
  const words = fc.oneof(
    fc.array(odd, { maxLength: 6 }).map(parts => parts.join('')),
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom('one', 'two', 'née', '50'), { minLength: 1 }).map(parts => parts.join(' ')),
  )

  test('any word in any field of simple frontmatter reads back, and no other byte changes', () => {
    let plain = 0
    fc.assert(
      fc.property(simple, fc.constantFrom(...KEYS), words, ({ keys, values, comments, crlf }, key, word) => {
        const ends = (text: string) => (crlf ? text.replaceAll('\n', '\r\n') : text)
        // A comment is behind values of one line; behind the others it would be part of them.
        const lines = keys.map((name, i) => {
          const value = values[i]!
          return `${name}:${value}${/\n|^$/.test(value) ? '' : comments[i]}\n`
        })
        const before = Buffer.from(ends(`---\n${lines.join('')}---\nbody é\n`))
        const result = splice(before, { [key]: { word } })
        if (result.kind !== 'ok') throw new Error(JSON.stringify(result))
        const node = findPair(result.after.map, key)!.value
        expect(node.kind === 'scalar' && node.text).toBe(word)
        if (node.kind === 'scalar' && node.style === 'plain') plain++

        // All other lines are there as they were, in their order; a missing key is one line at the end.
        const at = keys.indexOf(key)
        const above = ends(`---\n${lines.slice(0, at < 0 ? undefined : at).join('')}`)
        const below = ends(`${at < 0 ? '' : lines.slice(at + 1).join('')}---\nbody é\n`)
        const after = result.bytes.toString()
        expect(after.startsWith(above)).toBe(true)
        expect(after.endsWith(below)).toBe(true)
        const changed = after.slice(above.length, after.length - below.length)
        expect(changed.startsWith(`${key}:`)).toBe(true)
        expect(changed.endsWith(ends(`${at < 0 || /\n|^$/.test(values[at]!) ? '' : comments[at]}\n`))).toBe(
          true,
        )
        // The value is all that is new: written once more it stays, and it fits on its line.
        const again = splice(result.bytes, { [key]: { word } })
        expect(again.kind === 'ok' && again.bytes.equals(result.bytes)).toBe(true)
        const lineEnds = changed.match(/\n/g)!.length
        expect(lineEnds).toBe(at >= 0 && values[at]!.startsWith('\n') ? 2 : 1)
      }),
      { numRuns: runs(1500) },
    )
    expect(plain).toBeGreaterThan(runs(100))
  })
})
