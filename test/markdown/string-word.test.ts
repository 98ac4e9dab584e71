/** Text that is written stays text, whatever reads it: YAML 1.1 and 1.2 disagree on much. */

import fc from 'fast-check'
import matter from 'gray-matter'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type FieldValue, spliceChecked } from '../../src/markdown/edit/splice.ts'
import { isStringWord } from '../../src/markdown/edit/string-word.ts'
import { loadFullReader, readFrontmatter } from '../../src/markdown/frontmatter.ts'
import { runs } from '../support/property-runs.ts'

const full = await loadFullReader()

/** What three readers make of a field that is set to a value. */
function readBy(value: FieldValue, old = 'old'): { yaml: string; read: unknown[] } {
  const bytes = Buffer.from(`---\nk: ${old}\n---\n`)
  const before = readFrontmatter(bytes, full)
  if (before.kind !== 'ok') throw new Error(JSON.stringify(before))
  const made = spliceChecked(bytes, before, { k: value }, full)
  if (made.kind !== 'ok') throw new Error(JSON.stringify(made))
  const text = made.bytes.toString()
  const yaml = text.slice(4, -4)
  return {
    yaml,
    read: [parse(yaml, { version: '1.2' }).k, parse(yaml, { version: '1.1' }).k, matter(text).data.k],
  }
}

const AMBIGUOUS = [
  ...['true', 'False', 'YES', 'no', 'On', 'off', 'y', 'N', 'null', 'Null', '~', '<<', '=', ''],
  ...[
    '123',
    '-1',
    '+1',
    '0',
    '007',
    '0o7',
    '0x1F',
    '0b11',
    '1_000',
    '1,000',
    '1:30',
    '190:20:30',
    '20:30.15',
  ],
  ...[
    '1.5',
    '.5',
    '1.',
    '1e3',
    '1E-3',
    '6.8523015e+5',
    '.inf',
    '-.INF',
    '.nan',
    '1.2.3',
    '.',
    '-.',
    '._',
    'e0',
  ],
  ...['2026-01-01', '2026-1-1', '2026-01-01T10:00:00Z', '2026-01-01 10:00:00', '2026-01-01t10:00:00.5+01:00'],
]

test.each(AMBIGUOUS)('the text %j is quoted, and text to every reader', text => {
  expect(isStringWord(text)).toBe(false)
  const { yaml, read } = readBy({ text })
  expect(read).toEqual([text, text, text])
  expect(yaml).toBe(`k: "${text}"\n`)
  expect(readBy({ list: [text] }).read).toEqual([[text], [text], [text]])
})

test.each(['Tide table', 'WRK-157', 'truely', 'nothing', 'a1', '3 buoys', '12th mooring', 'v1.5', 'é'])(
  'the text %j needs no quotes',
  text => {
    expect(readBy({ text }).yaml).toBe(`k: ${text}\n`)
  },
)

test('the quotes of the value that is replaced stay', () => {
  expect(readBy({ text: 'true' }, "'old'").yaml).toBe("k: 'true'\n")
  expect(readBy({ text: 'plain' }, '"old"').yaml).toBe('k: "plain"\n')
})

describe('whatever is written', () => {
  const word = fc.oneof(
    fc.constantFrom(...AMBIGUOUS),
    fc.stringMatching(/^[-+.0-9eExXo_:,TZ ]{1,12}$/),
    fc.stringMatching(/^[a-zA-Z0-9 :#'"[\]{}&*!|>%@`,.?~=<-]{1,12}$/),
  )

  test('as text reads as that text', () => {
    fc.assert(
      fc.property(word, text => {
        expect(readBy({ text }).read).toEqual([text, text, text])
      }),
      { numRuns: runs(2000) },
    )
  })

  test('as a list of texts reads as those', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 3 }), list => {
        expect(readBy({ list }).read).toEqual([list, list, list])
      }),
      { numRuns: runs(1000) },
    )
  })
})
