/** What items say beside status and lock, in all the ways in which real queues write it. */
import { describe, expect, test } from 'vitest'
import {
  DETAIL_KEYS,
  type Details,
  isDependencyKey,
  NO_DETAILS,
  readDetails,
  unreadableDate,
} from '../../../src/core/items/details.ts'
import { readFull } from '../../../src/markdown/read/full.ts'
import { readPlain } from '../../../src/markdown/read/plain.ts'

/** By both readers, which must agree. */
function details(yaml: string): Details {
  const full = readFull(yaml, { source: 'file' })
  if (full.kind === 'error') throw new Error(full.error.message)
  const read = readDetails(full.map, 'WRK')
  const plain = readPlain(yaml)
  if (plain) expect(readDetails(plain, 'WRK')).toEqual(read)
  const wanted = readPlain(yaml, new Set(DETAIL_KEYS))
  if (wanted) expect(readDetails(wanted, 'WRK')).toEqual(read)
  return read
}

const blockers = (yaml: string) => details(yaml).blockedBy.map(({ key }) => key)

const FORMS: [string, string][] = [
  ['one word', ' WRK-1'],
  ['a bare number', ' 1'],
  ['a number with zeros', ' 001'],
  ['double quotes', ' "WRK-001"'],
  ['another letter case', ' wrk-1'],
  ['blanks within quotes', ' " WRK-1 "'],
  ['a flow list', ' [WRK-1]'],
  ['an indented list', '\n  - WRK-1'],
  ['a list without indentation', '\n- WRK-1'],
  ['with a comment', ' WRK-1  # first this'],
]

describe.each([
  'blocked_by',
  'blocked-by',
  'blockedBy',
  'depends_on',
  'depends-on',
  'dependsOn',
  'dependencies',
  'deps',
])('%s', name => {
  test.each(FORMS)('as %s', (_, text) => {
    expect(blockers(`${name}:${text}\n`)).toEqual(['wrk-1'])
  })

  test('says what an item waits for', () => {
    expect(isDependencyKey(name)).toBe(true)
    expect(isDependencyKey(`${name}_`)).toBe(false)
  })

  test('of several: a list, commas, or commas within a list', () => {
    const two = ['wrk-1', 'workspace-hub-2']
    expect(blockers(`${name}: [WRK-1, "workspace-hub#2"]\n`)).toEqual(two)
    expect(blockers(`${name}: WRK-1, workspace-hub-2\n`)).toEqual(two)
    expect(blockers(`${name}:\n  - WRK-1\n  - workspace-hub#2\n`)).toEqual(two)
    expect(blockers(`${name}:\n  - "WRK-1, workspace-hub-2"\n`)).toEqual(two)
  })

  test('as a link of some note editors', () => {
    expect(blockers(`${name}: [[WRK-1]]\n`)).toEqual(['wrk-1'])
  })

  test.each([' { a: 1 }', '\n  - id: WRK-1'])('that cannot be read as ids still blocks: %j', text => {
    expect(details(`${name}:${text}\n`).blockedBy).toEqual([{ text: '{…}', key: null }])
  })

  test.each([
    '',
    ' ""',
    ' []',
    ' ~',
    ' null',
    ' {}',
    ' [[]]',
    ' [~, ""]',
    ' ","',
    ' None',
    ' none',
    ' N/A',
    ' nil',
    ' "~"',
    ' "null"',
    ' "-"',
    ' —',
    ' [none]',
  ])('is nothing as%s', text => {
    expect(blockers(`${name}:${text}\n`)).toEqual([])
  })
})

test('an item is named once, however often and in whatever spelling', () => {
  const { blockedBy } = details(
    'blocked_by: [WRK-1, 1, wrk-001]\ndepends_on: WRK-1, WRK-2\nblocked-by: "2"\n',
  )
  expect(blockedBy).toEqual([
    { text: 'WRK-1', key: 'wrk-1' },
    { text: 'WRK-2', key: 'wrk-2' },
  ])
})

test('what is not an id is kept as it is written', () => {
  expect(details('blocked_by: [the licence, WRK-x]\n').blockedBy).toEqual([
    { text: 'the licence', key: null },
    { text: 'WRK-x', key: null },
  ])
  expect(details('blocked_by: [the licence]\ndepends_on: the licence\n').blockedBy).toHaveLength(1)
})

test('no parent is none, and a parent that only looks empty is one', () => {
  for (const none of ['None', 'n/a', '"~"']) expect(details(`parent: ${none}\n`).parent).toBeNull()
  expect(details('blocked_by: Nonesuch\n').blockedBy).toEqual([{ text: 'Nonesuch', key: null }])
  expect(details('not_before: none\n').notBefore).toBeNull()
})

test.each(['created_at', 'created', 'created_date'])('%s says when an item was made', name => {
  expect(details(`${name}: "2026-03-01 10:30"\n`).createdAt).toBe('2026-03-01 10:30')
})

test.each(['parent', 'parent_wrk', 'parent_task_id'])('%s is one reference', name => {
  expect(details(`${name}: WRK-26\n`).parent).toEqual({ text: 'WRK-26', key: 'wrk-26' })
  expect(details(`${name}:\n`).parent).toBeNull()
})

test.each(['computer', 'machine', 'machines', 'execution_workstations'])('%s names machines', name => {
  expect(details(`${name}: dev-primary\n`).machines).toEqual(['dev-primary'])
  expect(details(`${name}: [dev-primary, dev-secondary]\n`).machines).toEqual([
    'dev-primary',
    'dev-secondary',
  ])
  expect(details(`${name}: a, b\n`).machines).toEqual(['a', 'b'])
  expect(details(`${name}: []\n`).machines).toEqual([])
})

test('machines of several keys are put together, each once', () => {
  expect(details('computer: a\nexecution_workstations: [a, b]\n').machines).toEqual(['a', 'b'])
  expect(details('computer: a\nmachine: b\n').machines).toEqual(['a', 'b'])
  expect(details('target_repo: a\nrepository: b\n').repos).toEqual(['a', 'b'])
})

test.each(['target_repos', 'target_repo', 'repository'])('%s names repositories', name => {
  expect(details(`${name}:\n  - website\n  - api\n`).repos).toEqual(['website', 'api'])
  expect(details(`${name}: website\n`).repos).toEqual(['website'])
})

test.each(['created_at', 'created'])('%s is when it was made', name => {
  expect(details(`${name}: 2026-02-16 # a day\n`).createdAt).toBe('2026-02-16')
  expect(details(`${name}: "2026-02-16T01:00:00+01:00"\n`).createdAt).toBe('2026-02-16T01:00:00+01:00')
  expect(details(`${name}:\n`).createdAt).toBeNull()
})

describe('not before', () => {
  test.each(['not_before', 'parked_until', 'deferred_until'])('%s', name => {
    expect(details(`${name}: 2026-02-16\n`).notBefore).toBe('2026-02-16')
    expect(details(`${name}:\n`).notBefore).toBeNull()
  })

  test('the latest counts, and one that cannot be read hides no other', () => {
    const latest = '2026-05-01'
    expect(details('not_before: 2026-05-01\nparked_until: 2026-02-01\n').notBefore).toEqual(latest)
    expect(details('not_before: 2026-02-01\nparked_until: 2026-05-01\n').notBefore).toEqual(latest)
    expect(details('not_before: soon\nparked_until: 2026-05-01\n').notBefore).toEqual(latest)
  })
})

test('an item that says nothing has no details', () => {
  expect(details('id: WRK-1\ntitle: x\n')).toEqual(NO_DETAILS)
})

test.each([
  ['not_before: 2026-05-01', undefined],
  ['not_before: ""', undefined],
  ['created_at: tomorrow', undefined],
  ['not_before: tomorrow', 'not_before'],
  ['not_before: 2026-05-01\nparked_until: soon\ndeferred_until: later', 'parked_until'],
  ['deferred_until: [2026-05-01, soon]', 'deferred_until'],
])('what should put an item off and cannot: %s', (yaml, key) => {
  expect(unreadableDate(readPlain(`${yaml}\n`)!)?.key).toBe(key)
})
