/** What an item's file says, and what is wrong with it: each problem with its place, and whether it blocks writing. */
import { describe, expect, test } from 'vitest'
import type { ItemKey } from '../../../src/core/items/ids.ts'
import { ITEM_KEYS, interpretItem } from '../../../src/core/items/item.ts'
import { loadFullReader, readFrontmatter } from '../../../src/markdown/frontmatter.ts'

const full = await loadFullReader()

function read(fields: string, folder = 'pending', name = 'WRK-157-tides.md') {
  const found = readFrontmatter(Buffer.from(`---\n${fields}---\n`), full, true, ITEM_KEYS)
  if (found.kind !== 'ok') throw new Error(found.kind)
  return interpretItem({ key: 'wrk-157' as ItemKey, folder, name }, found, 'WRK')
}

const problems = (fields: string, folder?: string) =>
  read(fields, folder).problems.map(
    ({ code, line, column, blocks, message }) =>
      `${code} ${line}:${column}${blocks ? ' blocks' : ''}: ${message}`,
  )

test('an item says what its fields say', () => {
  expect(
    read(
      'id: WRK-0157\ntitle: Tides\nx: y\nstatus: working\npriority: high\nlocked_by: me\nlocked_at: "2026-02-16T19:30:05Z"\n',
      'working',
    ),
  ).toEqual({
    item: { id: 'WRK-0157', title: 'Tides', status: 'working', priority: 'high', closed: false },
    lock: { by: 'me', at: new Date('2026-02-16T19:30:05Z') },
    problems: [],
  })
})

test('other fields do not matter', () => {
  // Only the full reader reads this note, and it gives all fields.
  expect(read('note: |+\n  x\nlocked_by: me\nlocked_at: "2026-02-16T19:30:05Z"\n')).toMatchObject({
    lock: { by: 'me', at: new Date('2026-02-16T19:30:05Z') },
    problems: [],
  })
})

test('an item that says nothing is called by its file, and what its folder makes of it', () => {
  const nothing = { id: 'WRK-157', title: '', status: null, priority: null }
  expect(read('x: y\n')).toEqual({ item: { ...nothing, closed: false }, lock: null, problems: [] })
  expect(read('x: y\n', 'done')).toEqual({ item: { ...nothing, closed: true }, lock: null, problems: [] })
  for (const empty of ['', ' ""', ' ~'])
    expect(read(`id:${empty}\nstatus:${empty}\nlocked_by:${empty}\nlocked_at:${empty}\n`).problems).toEqual(
      [],
    )
})

test.each(['157', '"0157"'])('an id that is the bare number %s is called by the file name', id => {
  expect(read(`id: ${id}\n`)).toMatchObject({ item: { id: 'WRK-157' }, problems: [] })
})

test('of a duplicate key the first counts, and it blocks where wrk writes or finds items by it', () => {
  const twice = read(
    [
      'id: WRK-157\ntitle: one\nstatus: pending\npriority: high\nlocked_by: me\nlocked_at: "2026-02-16T19:30:05Z"\n',
      'id: WRK-1\ntitle: two\nstatus: done\npriority: low\nlocked_by: you\nlocked_at: "2026-02-17T19:30:05Z"\n',
    ].join(''),
  )
  expect(twice.item).toEqual({
    id: 'WRK-157',
    title: 'one',
    status: 'pending',
    priority: 'high',
    closed: false,
  })
  expect(twice.lock).toEqual({ by: 'me', at: new Date('2026-02-16T19:30:05Z') })
  expect(
    twice.problems.map(({ message, line, column, blocks, code }) => [code, message, line, column, blocks]),
  ).toEqual(
    ['id', 'title', 'status', 'priority', 'locked_by', 'locked_at'].map((key, i) => [
      'duplicate-key',
      `duplicate key "${key}"`,
      8 + i,
      1,
      ['id', 'locked_by', 'locked_at'].includes(key),
    ]),
  )
})

describe('reported with its place is', () => {
  test.each<[string, string[], folder?: string]>([
    [
      'title: x\nid: WRK-9\n',
      ['id-mismatch 3:1 blocks: the id WRK-9 and the file name WRK-157-tides.md differ'],
    ],
    ['id: [WRK-157]\n', ['id-mismatch 2:1 blocks: the id must be a string, not a list']],
    ['id: {WRK: 157}\n', ['id-mismatch 2:1 blocks: the id must be a string, not a map']],
    [
      'title: x\nlocked_by: [me]\n',
      ['unreadable-lock 3:1 blocks: the lock cannot be read: locked_by must be a single value'],
    ],
    [
      'locked_by: me\nlocked_at: {}\n',
      ['unreadable-lock 3:1 blocks: the lock cannot be read: locked_at must be a single value'],
    ],
    [
      'locked_by: ""\nlocked_at: "2026-02-16T19:30:05Z"\n',
      ['half-lock 3:1: locked_at is set without locked_by'],
    ],
    ['x: y\nlocked_by: me\n', ['half-lock 3:1: locked_by is set without a readable locked_at']],
    [
      'locked_by: me\nx: y\nlocked_at: yesterday\n',
      ['half-lock 4:1: locked_by is set without a readable locked_at'],
    ],
    ['x: y\nstatus: done\n', ['status-folder 3:1: the status done does not belong in working/'], 'working'],
  ])('%j', (fields, expected, folder) => {
    expect(problems(fields, folder)).toEqual(expected)
  })

  test('a lock that cannot be read, which is not a lock', () => {
    expect(read('locked_by: [me]\nlocked_at: "2026-02-16T19:30:05Z"\n').lock).toBeNull()
  })

  test('text of the file, cut where it is long', () => {
    const long = 'x'.repeat(70)
    expect(problems(`id: ${long}\n`)[0]).toContain(`the id ${'x'.repeat(59)}… and the`)
    expect(problems(`status: "${' '.repeat(50)}done"\n`, 'working')[0]).toContain(
      `the status ${' '.repeat(39)}… does not`,
    )
  })
})
