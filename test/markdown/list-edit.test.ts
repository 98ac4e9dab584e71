/** Lists are changed in every form that people write them in, and nothing else in the file is. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editList } from '../../src/markdown/edit/list-edit.ts'
import { listWords } from '../../src/markdown/edit/list-words.ts'
import { loadFullReader, readFrontmatter } from '../../src/markdown/frontmatter.ts'
import { findPair, toData } from '../../src/markdown/scalar.ts'
import { CORPUS, corpus } from '../support/corpus.ts'
import { runs } from '../support/property-runs.ts'
import { nastyYaml, plainYaml } from './helpers.ts'

const full = await loadFullReader()

/** `+a -b`: what is added and what is taken out. */
function change(bytes: Buffer, words: string, key = 'k') {
  const before = readFrontmatter(bytes, full)
  if (before.kind !== 'ok') throw new Error(JSON.stringify(before))
  const of = (sign: string) => words.split(' ').flatMap(word => (word[0] === sign ? word.slice(1) : []))
  const gone = of('-')
  const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
  const remove = (word: string) => gone.some(one => isSame(one, word))
  return editList(bytes, before, key, { add: of('+'), remove, isSame }, full)
}

/** The YAML after the change; throws where it is refused. */
function changed(yaml: string, words: string): string {
  const result = change(Buffer.from(`---\n${yaml}\n---\nk: [no]\n`), words)
  if (result.kind === 'same') return yaml
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result))
  const text = result.bytes.toString()
  expect(text.endsWith('\n---\nk: [no]\n')).toBe(true)
  return text.slice(4, -'\n---\nk: [no]\n'.length)
}

const FORMS: [yaml: string, words: string, after: string][] = [
  // nothing yet
  ['a: 1', '+x', 'a: 1\nk: [x]'],
  ['k:', '+x +w', 'k: [x, w]'],
  ['k: # why', '+x', 'k: [x] # why'],
  ['k: ~ # why', '+x', 'k: [x] # why'],
  ['k: null', '+x', 'k: [x]'],
  ['k: None', '+x', 'k: [x]'],
  ['k: ""', '+x', 'k: [x]'],
  ['k: [] # why', '+x', 'k: [x] # why'],
  ['k: [ ]', '+x +w', 'k: [x, w ]'],
  ['k: [\n  ]', '+x', 'k: [x\n  ]'],
  ['k:\n  []', '+x', 'k:\n  [x]'],
  // one value, or several with commas
  ['k: a', '+x', 'k: [a, x]'],
  ['k: "a" # why', '+x', 'k: [a, x] # why'],
  ['k: a, b', '+x -a', 'k: [b, x]'],
  ['k: a', '-a', 'k: []'],
  // in brackets
  ['k: [a]', '+x', 'k: [a, x]'],
  ['k: [a, b] # why', '+x', 'k: [a, b, x] # why'],
  ['k: [ a , b ]', '+x', 'k: [ a , b, x ]'],
  ['k: [a, b,]', '+x', 'k: [a, b, x,]'],
  ['k: ["a"]', '+x', 'k: ["a", "x"]'],
  ["k: ['a']", "+x's", "k: ['a', 'x''s']"],
  ['k: [a, b, c]', '-a', 'k: [b, c]'],
  ['k: [a, b, c]', '-b', 'k: [a, c]'],
  ['k: [a, b, c]', '-c', 'k: [a, b]'],
  ['k: [a, b, c]', '-b -c', 'k: [a]'],
  ['k: [a, b, c]', '-a -c +x', 'k: [b, x]'],
  ['k: [a, b, c]', '-a -b -c', 'k: []'],
  ['k: [a]', '-a +x', 'k: [x]'],
  ['k: [a, b,]', '-b', 'k: [a,]'],
  ['k: [a, "b, c"]', '-b', 'k: [a, "c"]'],
  ['k: [[a], b]', '-a', 'k: [b]'],
  ['k: [a, b]', '-A', 'k: [b]'],
  ['k: [\n  a,\n  b\n  ]', '+x', 'k: [\n  a,\n  b, x\n  ]'],
  ['k: [\n  a,\n  b\n  ]', '-a', 'k: [\n  b\n  ]'],
  ['k: [\n  a, # A\n  b # B\n  ]', '+x', 'k: [\n  a, # A\n  b, x # B\n  ]'],
  ['k: [\n  a, # A\n  b # B\n  ]', '-b', 'k: [\n  a, # A\n  ]'],
  ['k: [\n  a, # A\n  # of b\n  b # B\n  ]', '-a', 'k: [\n  # of b\n  b # B\n  ]'],
  ['k: [\n  a, # A\n  b, # B\n  c\n  ]', '-b -c +x', 'k: [\n  a, x, # A\n  ]'],
  // with dashes
  ['k:\n  - a', '+x', 'k:\n  - a\n  - x'],
  ['k:\n- a', '+x +w', 'k:\n- a\n- x\n- w'],
  ['k: # why\n  -   a # A\n\n# end\nz: 1', '+x', 'k: # why\n  -   a # A\n  -   x\n\n# end\nz: 1'],
  ["k:\n  - 'a'", '+x', "k:\n  - 'a'\n  - 'x'"],
  ['k:\n  - a\n  - b\n  - c', '-b', 'k:\n  - a\n  - c'],
  ['k:\n  - a # A\n  # of b\n  - b # B', '-a', 'k:\n  # of b\n  - b # B'],
  ['k:\n  - a\n  - b', '-b +x', 'k:\n  - a\n  - x'],
  ['k:\n  - a', '-a +x', 'k:\n  - x'],
  ['k: # why\n  - a\n  - b\nz: 1', '-a -b', 'k: [] # why\nz: 1'],
  ['k:\n  - a, b\n  - c', '-a', 'k:\n  - b\n  - c'],
  ['k:\n  -\n  - b', '+x', 'k:\n  -\n  - b\n  - x'],
  ['k:\n  - |\n    a\n  - b', '+x', 'k:\n  - |\n    a\n  - b\n  - x'],
  ['k:\n  - - a\n  - - b', '+x -a', 'k:\n  - - b\n  - x'],
  // what readers would take for something else is quoted
  ['k: [a]', '+yes', 'k: [a, "yes"]'],
  ['k:\n  - a', '+1:30', 'k:\n  - a\n  - "1:30"'],
  // there already, or not there
  ['k: [a]', '+A', 'k: [a]'],
  ['k: [a]', '-x', 'k: [a]'],
  ['k: [a]', '+x +X', 'k: [a, x]'],
  ['a: 1', '-x', 'a: 1'],
]

test.each(FORMS)('%j %s', (yaml, words, after) => {
  expect(changed(yaml, words)).toBe(after)
  const crlf = (text: string) => text.replaceAll('\n', '\r\n')
  const result = change(Buffer.from(crlf(`---\n${yaml}\n---\nbody`)), words)
  if (result.kind === 'ok') expect(result.bytes.toString()).toBe(crlf(`---\n${after}\n---\nbody`))
  else expect(result).toEqual({ kind: 'same' })
})

describe('is refused, with its place:', () => {
  test.each([
    ['a map', 'k: {a: 1}', '+x'],
    ['a map below its key', 'k:\n  a: 1', '+x'],
    ['an alias', 'l: &l [a]\nk: *l', '+x'],
    ['a list that an alias names', 'k: &l [a]\nl: *l', '+x'],
    ['one of two words in a nested list', 'k: [[a, b], c]', '-a'],
    ['items that share a line with a comment', 'k: [\n  a, b, # both\n  c\n  ]', '-b'],
  ])('%s', (_, yaml, words) => {
    expect(change(Buffer.from(`---\nz: 1\n${yaml}\n---\n`), words)).toMatchObject({
      kind: 'error',
      error: { message: expect.any(String), line: expect.any(Number) },
    })
  })
})

const words = fc
  .array(
    fc.tuple(
      fc.constantFrom('+', '-'),
      fc.constantFrom('WRK-1', 'a', 'b', 'yes', 'x.y', "it's", '2026-01-01'),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map(pairs => pairs.map(pair => pair.join('')).join(' '))

/** After a change that is given out, the field holds what was wanted, and all other fields and the body are the same. */
function expectOnlyThat(bytes: Buffer, wanted: string, key: string): boolean {
  const before = readFrontmatter(bytes, full)
  if (before.kind !== 'ok') return false
  const result = change(bytes, wanted, key)
  if (result.kind !== 'ok') return result.kind === 'same'
  const after = readFrontmatter(result.bytes, full)
  if (after.kind !== 'ok') throw new Error(JSON.stringify(after))
  const [old, now] = [before, after].map(({ map }) =>
    Object.entries(toData(map) as object).filter(([name]) => name !== key),
  )
  expect(now).toEqual(old)
  const node = findPair(after.map, key)!.value
  expect(node.kind).toBe('list')
  expect(listWords(node)).toEqual(result.words)
  const body = (file: Buffer, at: number) => file.subarray(at).toString('latin1')
  expect(body(result.bytes, after.split.yamlEnd)).toBe(body(bytes, before.split.yamlEnd))
  // To do it again changes nothing.
  expect(
    change(result.bytes, wanted, key).kind === 'same' || /[+](\S+).*-\1|-(\S+).*[+]\2/.test(wanted),
  ).toBe(true)
  return true
}

describe('whatever the frontmatter is', () => {
  const item = fc.constantFrom('a', '"b"', "'c'", 'WRK-1', 'x, y', '"a, b"', '[a]', '', '{a: 1}', '1', '~')
  const comment = fc.constantFrom('', ' # note', ' # a, b ]', '   ')
  const dashes = fc
    .tuple(
      fc.constantFrom('', '  ', '    '),
      fc.array(fc.tuple(item, comment), { minLength: 1, maxLength: 4 }),
      comment,
    )
    .map(
      ([indent, items, note]) =>
        `k:${note}\n${items.map(([text, end]) => `${indent}- ${text}${end}\n`).join('')}`,
    )
  const brackets = fc
    .tuple(
      fc.array(fc.tuple(item, comment), { maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom('', ','),
      comment,
    )
    .map(([items, long, comma, note]) =>
      long
        ? `k: [\n${items.map(([text, end], i) => `  ${text}${i < items.length - 1 ? ',' : comma}${end}\n`).join('')}  ]${note}\n`
        : `k: [${items.map(([text]) => text).join(', ')}${items.length > 0 ? comma : ''}]${note}\n`,
    )
  const scalar = fc.tuple(item, comment).map(([text, note]) => `k: ${text}${note}\n`)

  test('a list of any form that can be read is changed as wanted, or refused', () => {
    let given = 0
    fc.assert(
      fc.property(
        fc.oneof(dashes, brackets, scalar),
        plainYaml,
        words,
        fc.boolean(),
        (list, rest, wanted, crlf) => {
          const text = `---\nfirst: 1\n${list}${rest}---\nbody\n`
          if (expectOnlyThat(Buffer.from(crlf ? text.replaceAll('\n', '\r\n') : text), wanted, 'k')) given++
        },
      ),
      { numRuns: runs(3000) },
    )
    expect(given).toBeGreaterThan(runs(1000))
  })

  test('nasty YAML is changed as wanted, or refused', () => {
    fc.assert(
      fc.property(nastyYaml, words, (yaml, wanted) => {
        expectOnlyThat(Buffer.from(`---\n${yaml}\n---\nbody`), wanted, 'a')
      }),
      { numRuns: runs(3000) },
    )
  })

  test.skipIf(CORPUS === null)('of real files, nearly all lists can be changed', () => {
    const files = corpus()
    let [readable, refused] = [0, 0]
    for (const { bytes } of files) {
      const before = readFrontmatter(bytes, full)
      if (before.kind !== 'ok') continue
      for (const { key, value } of before.map.pairs) {
        if (value.kind === 'map' || before.map.pairs.filter(pair => pair.key === key).length > 1) continue
        if (value.kind === 'scalar' && !['blocked_by', 'related', 'depends_on'].includes(key)) continue
        const some = listWords(value)[0]
        for (const wanted of [
          '+WRK-99999',
          ...(some && !/[ {]/.test(some) ? [`-${some}`, `-${some} +new`] : []),
        ]) {
          readable++
          if (!expectOnlyThat(bytes, wanted, key)) refused++
        }
      }
    }
    console.log(`${readable} changes of lists in real files, ${refused} refused`)
    expect(refused).toBeLessThanOrEqual(readable / 50)
  })
})
