/** An item's text gets an entry more, or a box is checked; every other byte stays. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { appendEntry, checkCriteria, readCriteria } from '../../src/markdown/edit/body-edit.ts'
import { readFrontmatter } from '../../src/markdown/frontmatter.ts'
import { bodyStart } from '../../src/markdown/split.ts'
import { CORPUS, corpus } from '../support/corpus.ts'
import { runs } from '../support/property-runs.ts'

const HEAD = '---\nid: WRK-1\n---\n'

const noted = (body: string, entry = 'new') =>
  appendEntry(Buffer.from(HEAD + body), HEAD.length, 'Notes', entry, '\n')
    .toString()
    .slice(HEAD.length)

describe('an entry', () => {
  test.each<[string, string, string]>([
    ['of an empty text', '', '\n## Notes\n\n- new\n'],
    ['of a text without the heading', '# T\n\ntext\n', '# T\n\ntext\n\n## Notes\n\n- new\n'],
    ['of a text that ends with a blank line', '# T\n\n', '# T\n\n## Notes\n\n- new\n'],
    ['of a text without a final line end', '# T', '# T\n\n## Notes\n\n- new\n'],
    ['under an empty heading', '## Notes\n', '## Notes\n\n- new\n'],
    ['under a heading at the very end', '## Notes', '## Notes\n\n- new\n'],
    ['behind others', '## Notes\n\n- old\n', '## Notes\n\n- old\n- new\n'],
    ['behind one without a final line end', '## Notes\n- old', '## Notes\n- old\n- new\n'],
    [
      'in the midst of the text',
      '## notes ##\n- old\n\n\n## More\n- x\n',
      '## notes ##\n- old\n- new\n\n\n## More\n- x\n',
    ],
    [
      'behind sections within',
      '## Notes\n### Day\n- old\n# More\n',
      '## Notes\n### Day\n- old\n- new\n# More\n',
    ],
    ['behind a paragraph', '## Notes\ntext\n', '## Notes\ntext\n\n- new\n'],
    ['behind an entry of several lines', '## Notes\n- old\n  more\n', '## Notes\n- old\n  more\n- new\n'],
    ['behind code', '## Notes\n```\n- x\n```\n', '## Notes\n```\n- x\n```\n\n- new\n'],
    ['not under a heading in code', '```\n## Notes\n```\n', '```\n## Notes\n```\n\n## Notes\n\n- new\n'],
    ['not under one in a comment', '<!--\n## Notes\n-->\n', '<!--\n## Notes\n-->\n\n## Notes\n\n- new\n'],
    ['not under the title', '# Notes\n', '# Notes\n\n## Notes\n\n- new\n'],
    [
      'under an underlined heading',
      'Notes\n-----\n- old\n\nMore\n====\n',
      'Notes\n-----\n- old\n- new\n\nMore\n====\n',
    ],
    [
      'behind code that looks like a heading',
      '## Notes\n- old\n~~~\n## X\n~~~\n## Y\n',
      '## Notes\n- old\n~~~\n## X\n~~~\n\n- new\n## Y\n',
    ],
  ])('%s', (_, before, after) => {
    expect(noted(before)).toBe(after)
    const crlf = (text: string) => text.replaceAll('\n', '\r\n')
    const bytes = Buffer.from(crlf(HEAD + before))
    expect(appendEntry(bytes, crlf(HEAD).length, 'Notes', 'new', '\r\n').toString()).toBe(crlf(HEAD + after))
  })

  test('of several lines is indented', () => {
    expect(noted('## Notes\n', 'one\ntwo')).toBe('## Notes\n\n- one\n  two\n')
  })

  test('of a file that ends with the closing fence', () => {
    const bytes = Buffer.from('---\nid: WRK-1\n---')
    expect(appendEntry(bytes, bytes.length, 'Notes', 'new', '\n').toString()).toBe(
      '---\nid: WRK-1\n---\n\n## Notes\n\n- new\n',
    )
  })
})

const criteria = (body: string) =>
  readCriteria(Buffer.from(HEAD + body), HEAD.length).map(
    ({ number, text, checked }) => `${number}${checked ? 'x' : ' '}${text}`,
  )

describe('criteria', () => {
  test('are the boxes under the heading that names them', () => {
    const body =
      '- [ ] no\n## Acceptance Criteria\n- [ ] one\n* [x] two ü\n  1. [X] three\n- [ ]\n-[ ] no\n## More\n- [ ] no\n'
    expect(criteria(body)).toEqual(['1 one', '2xtwo ü', '3xthree', '4 '])
  })

  test.each(['Criteria', 'Acceptance criteria (draft)', 'Definition of done', 'Done when'])(
    'under %s',
    heading => {
      expect(
        criteria(`- [ ] no\n### ${heading}\n- [ ] a\n#### Within\n- [ ] b\n### More\n- [ ] no\n`),
      ).toEqual(['1 a', '2 b'])
    },
  )

  test('are all boxes of a text without such a heading, but those in code and comments', () => {
    expect(
      criteria('- [ ] a\n```\n- [ ] no\n```\n<!-- - [ ] no -->\n<!--\n- [ ] no\n-->\n- [ ] b\n'),
    ).toEqual(['1 a', '2 b'])
  })

  test('are checked by their numbers, one byte each', () => {
    const body = '# T\r\n## Acceptance criteria\r\n- [ ] one\r\n- [x] two\r\n- [ ] three'
    const bytes = Buffer.from(HEAD + body)
    const check = (numbers: number[], to: boolean) =>
      checkCriteria(bytes, HEAD.length, numbers, to)?.toString()
    expect(check([1, 3], true)).toBe(
      HEAD + body.replace('[ ] one', '[x] one').replace('[ ] three', '[x] three'),
    )
    expect(check([2], false)).toBe(HEAD + body.replace('[x]', '[ ]'))
    expect([check([2], true), check([9], true)]).toEqual([undefined, undefined])
  })
})

const PIECES = [
  ...[
    '# T\n',
    '## Notes\n',
    '## Acceptance criteria\n',
    '### Day\n',
    '- [ ] box\n',
    '- [x] done\n',
    '- old\n',
    'text\n',
  ],
  ...[
    '\n',
    '\r\n',
    '---\n',
    '===\n',
    '```\n',
    '~~~\n',
    '<!--\n',
    '-->\n',
    '    code\n',
    '> - [ ] quote\n',
    'ü\n',
    'end',
  ],
]
const body = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map(parts => parts.join(''))

function expectOnlyInserted(bytes: Buffer, from: number): void {
  const made = appendEntry(bytes, from, 'Notes', 'a new entry', '\n')
  let at = 0
  while (at < bytes.length && bytes[at] === made[at]) at++
  // What was inserted may begin with the bytes that follow it.
  const more = made.length - bytes.length
  const cut = Array.from({ length: more + 1 }, (_, i) => at - i).find(
    start =>
      start >= from && bytes.equals(Buffer.concat([made.subarray(0, start), made.subarray(start + more)])),
  )
  expect(cut).toBeDefined()
  const inserted = made
    .subarray(cut!, cut! + more)
    .toString()
    .replace(/\r/g, '')
  expect(inserted).toMatch(/^\n*(## Notes\n\n)?(- a new entry\n*|a new entry\n*- )$/)
}

describe('whatever the text is', () => {
  test('an entry is inserted and nothing else changes', () => {
    fc.assert(
      fc.property(body, text => {
        const bytes = Buffer.from(HEAD + text)
        expectOnlyInserted(bytes, HEAD.length)
        const after = readFrontmatter(appendEntry(bytes, HEAD.length, 'Notes', 'x', '\n'))
        expect(after).toMatchObject({ kind: 'ok', split: { yaml: 'id: WRK-1\n' } })
      }),
      { numRuns: runs(2000) },
    )
  })

  test('a second entry is below the first', () => {
    fc.assert(
      fc.property(body, text => {
        // An open fence or comment would hide the heading.
        fc.pre((text.match(/```|~~~|<!--|-->/g) ?? []).length === 0)
        const once = noted(text, 'one')
        const twice = noted(once, 'two')
        expect(twice).toContain('- one')
        expect(twice.replace(/\r/g, '')).toMatch(/- one\n- two(\n|$)/)
      }),
      { numRuns: runs(2000) },
    )
  })

  test('checking a box and taking that back gives the same bytes', () => {
    fc.assert(
      fc.property(body, text => {
        const bytes = Buffer.from(HEAD + text)
        for (const { number, checked } of readCriteria(bytes, HEAD.length)) {
          const other = checkCriteria(bytes, HEAD.length, [number], !checked)!
          expect(other.length).toBe(bytes.length)
          expect(other.filter((byte, i) => byte !== bytes[i])).toHaveLength(1)
          expect(checkCriteria(other, HEAD.length, [number], checked)).toEqual(bytes)
        }
      }),
      { numRuns: runs(2000) },
    )
  })

  test.skipIf(CORPUS === null)('real files get an entry, and their boxes are found', () => {
    let found = 0
    for (const { bytes } of corpus()) {
      const read = readFrontmatter(bytes)
      if (read.kind !== 'ok') continue
      const from = bodyStart(bytes, read.split)
      expectOnlyInserted(bytes, from)
      found += readCriteria(bytes, from).length
    }
    console.log(`${found} criteria in real files`)
  })
})
