/** What an item lacks to be committed, where, and the command that repairs it. */
import { describe, expect, test } from 'vitest'
import { type FormFinding, formFindings, type NamedFile, shellWord } from '../../../src/core/commits/form.ts'
import type { ItemKey } from '../../../src/core/items/ids.ts'
import { interpretItem, type Problem } from '../../../src/core/items/item.ts'
import { readFrontmatter } from '../../../src/markdown/frontmatter.ts'

function fileAt(folder: string, name = 'WRK-7.md', queue = 'queue'): NamedFile {
  return { path: [queue, folder, name].filter(Boolean).join('/'), queue, folder, name, idPrefix: 'WRK' }
}

/** What is found in a file of these lines of frontmatter. */
function findings(lines: string[], file = fileAt('pending')): FormFinding[] {
  const found = readFrontmatter(Buffer.from(['---', ...lines, '---', ''].join('\n')))
  if (found.kind !== 'ok') throw new Error(found.kind)
  const key = file.name.replace('.md', '').toLowerCase() as ItemKey
  const { item, problems } = interpretItem({ key, ...file }, found, 'WRK')
  return formFindings(item, problems, found, file)
}

const GOOD = ['id: WRK-7', 'title: A title', 'status: pending']
const ADD = 'git add queue/pending/WRK-7.md'

test('an item with an id, a title and a status that agree with its place lacks nothing', () => {
  expect(findings(GOOD)).toEqual([])
  expect(findings(['id: 7', 'title: 7', 'status: done'], fileAt('done'))).toEqual([])
})

describe('a field that every item needs', () => {
  test.each<[lines: string[], message: string, place: [line: number, column: number], fix: string]>([
    [GOOD.slice(1), 'the field id is missing', [1, 1], `add the line "id: WRK-7", then: ${ADD}`],
    [
      ['x: 1', 'id:', ...GOOD.slice(1)],
      'the field id has no value',
      [3, 1],
      `add the line "id: WRK-7", then: ${ADD}`,
    ],
    [[GOOD[0]!, GOOD[2]!], 'the field title is missing', [1, 1], `wrk set WRK-7 title="…" && ${ADD}`],
    [
      [...GOOD.slice(0, 1), 'title: ~', GOOD[2]!],
      'the field title has no value',
      [3, 1],
      `wrk set WRK-7 title="…" && ${ADD}`,
    ],
    [
      [GOOD[0]!, 'title: [a]', GOOD[2]!],
      'the field title has no value',
      [3, 1],
      `wrk set WRK-7 title="…" && ${ADD}`,
    ],
    [GOOD.slice(0, 2), 'the field status is missing', [1, 1], `wrk set WRK-7 status=pending && ${ADD}`],
    [
      [...GOOD.slice(0, 2), 'status: ""'],
      'the field status has no value',
      [4, 1],
      `wrk set WRK-7 status=pending && ${ADD}`,
    ],
  ])('%j: %s', (lines, message, [line, column], fix) => {
    expect(findings(lines)).toEqual([{ code: 'missing-field', line, column, message, fix }])
  })

  test('is reported with the others', () => {
    expect(findings(['x: 1']).map(({ message }) => message)).toEqual([
      'the field id is missing',
      'the field title is missing',
      'the field status is missing',
    ])
  })

  test.each([
    ['', 'pending'],
    ['working', 'working'],
    ['done', 'done'],
    ['archive', 'archived'],
    ['archive/2026-02', 'archived'],
    ['blocked/later', 'blocked'],
  ])('gets the status of its folder: in %j, %s', (folder, status) => {
    const file = fileAt(folder)
    expect(findings(GOOD.slice(0, 2), file).map(({ fix }) => fix)).toEqual([
      `wrk set WRK-7 status=${status} && git add ${file.path}`,
    ])
  })
})

describe('what is wrong with the file comes with its place and how to fix it:', () => {
  test.each<[what: string, lines: string[], found: Omit<FormFinding, 'message'>, file?: NamedFile]>([
    [
      'half a lock',
      [...GOOD, 'locked_by: me'],
      { code: 'half-lock', line: 5, column: 1, fix: `wrk claim WRK-7 && ${ADD}` },
    ],
    [
      'another’s id',
      ['id: WRK-8', ...GOOD.slice(1)],
      {
        code: 'id-mismatch',
        line: 2,
        column: 1,
        fix: 'git mv queue/pending/WRK-7.md queue/pending/WRK-8.md',
      },
    ],
    [
      'another’s number',
      ['id: 18', ...GOOD.slice(1)],
      {
        code: 'id-mismatch',
        line: 2,
        column: 1,
        fix: 'git mv queue/pending/WRK-7.md queue/pending/WRK-18.md',
      },
    ],
    [
      'an id with a sign that file names have not',
      ['id: hub#8', ...GOOD.slice(1)],
      { code: 'id-mismatch', line: 2, column: 1, fix: 'git mv queue/WRK-7.md queue/hub-8.md' },
      fileAt(''),
    ],
    [
      'an id where the queue is',
      ['id: WRK-8', ...GOOD.slice(1)],
      { code: 'id-mismatch', line: 2, column: 1, fix: "git mv 'WRK-7 x.md' WRK-8.md" },
      fileAt('', 'WRK-7 x.md', ''),
    ],
    [
      'an invalid id',
      ['id: a b', ...GOOD.slice(1)],
      { code: 'id-mismatch', line: 2, column: 1, fix: `correct line 2 in an editor, then: ${ADD}` },
    ],
    [
      'an id that is a list',
      ['id: [WRK-7]', ...GOOD.slice(1)],
      { code: 'id-mismatch', line: 2, column: 1, fix: `correct line 2 in an editor, then: ${ADD}` },
    ],
    [
      'a key twice',
      [...GOOD, 'title: b'],
      { code: 'duplicate-key', line: 5, column: 1, fix: `correct line 5 in an editor, then: ${ADD}` },
    ],
    [
      'the status of another folder',
      ['id: WRK-7', 'title: a', 'status: working'],
      {
        code: 'status-folder',
        line: 4,
        column: 1,
        fix: `git mv queue/pending/WRK-7.md queue/working/WRK-7.md, or: wrk set WRK-7 status=pending && ${ADD}`,
      },
    ],
    [
      'a closed status',
      ['id: WRK-7', 'title: a', 'status: merged'],
      { code: 'status-folder', line: 4, column: 1, fix: 'wrk archive WRK-7' },
    ],
  ])('%s', (_, lines, found, file) => {
    expect(findings(lines, file)).toEqual([{ ...found, message: expect.any(String) }])
  })

  test.each<[code: Problem['code'], fix: string]>([
    ['no-frontmatter', `give it frontmatter (templates/item.md has one), then: ${ADD}`],
    ['not-a-file', `replace the link by the file itself, then: ${ADD}`],
    ['unreadable', `correct line 3 in an editor, then: ${ADD}`],
    ['id-mismatch', `correct line 3 in an editor, then: ${ADD}`],
    ['status-folder', `correct line 3 in an editor, then: ${ADD}`],
  ])('%s, when nothing could be read, and no field is missed then', (code, fix) => {
    const item = { id: 'WRK-7', title: '', status: null, priority: null, closed: false }
    const problem = { code, message: 'what is wrong', line: 3, column: 5 }
    expect(formFindings(item, [{ ...problem, blocks: true }], null, fileAt('pending'))).toEqual([
      { ...problem, fix },
    ])
  })

  test('a status that no folder is for can only be changed', () => {
    const item = { id: 'WRK-7', title: '', status: 'odd', priority: null, closed: false }
    const problem = { code: 'status-folder', message: '', line: 3, column: 5, blocks: false } as const
    expect(formFindings(item, [problem], null, fileAt('pending'))).toMatchObject([
      { fix: `wrk set WRK-7 status=pending && ${ADD}` },
    ])
  })
})

test.each([
  ['a/b-c.md', 'a/b-c.md'],
  ['a@b%c+d=e:f,g_.h', 'a@b%c+d=e:f,g_.h'],
  ['a b', "'a b'"],
  ['a\n', "'a\n'"],
  ["it's", "'it'\\''s'"],
  ['-x', "'./-x'"],
  ['a-', 'a-'],
  ['äöü/漢字7', 'äöü/漢字7'],
  ['$(x)', "'$(x)'"],
  ['', "''"],
])('a path in a command: %j is written %s', (path, word) => {
  expect(shellWord(path)).toBe(word)
})
