import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeItem } from '../../src/core/merges/merge-item.ts'
import { loadFullReader } from '../../src/markdown/frontmatter.ts'
import { histories } from '../support/merges/item-histories.ts'
import { checkMerge } from '../support/merges/merge-properties.ts'

const full = await loadFullReader()
const BODY = '\n# WRK-1\n\nOne.\n\nTwo.\n\nThree.\n'

const file = (fields: string, body = BODY) => `---\nid: WRK-1\n${fields}---\n${body}`

function merge(base: string | null, ours: string, theirs: string) {
  const bytes = (text: string) => Buffer.from(text)
  const result = mergeItem(
    { base: base === null ? null : bytes(base), ours: bytes(ours), theirs: bytes(theirs) },
    undefined,
    full,
  )
  return { ...result, text: 'bytes' in result ? result.bytes.toString() : '' }
}

/** What the fields are merged to, as text. */
function merged(base: string, ours: string, theirs: string): string {
  const { kind, text } = merge(file(base), file(ours), file(theirs))
  if (kind !== 'merged') throw new Error(`${kind}: ${text}`)
  expect(text.endsWith(`---\n${BODY}`)).toBe(true)
  return text.slice('---\nid: WRK-1\n'.length, -`---\n${BODY}`.length)
}

describe('a list of ids is merged as a set', () => {
  test.each([
    ['[WRK-2, WRK-3]', '[WRK-3, WRK-4]', '[WRK-2, WRK-3, WRK-5]', '[WRK-3, WRK-4, WRK-5]'],
    ['[WRK-2]', '[]', '[WRK-2, WRK-3]', '[WRK-3]'],
    ['[WRK-2, WRK-3]', '[WRK-2]', '[WRK-3]', '[]'],
    ['[]', '[ WRK-2 ]', '[wrk-002, WRK-3]', '[wrk-002, WRK-3]'],
    ['', '["hub#1"]', '[WRK-2]', '["hub#1", WRK-2]'],
  ])('%s, with %s here and %s there: %s', (base, ours, theirs, result) => {
    const line = (list: string) => `related:${list && ` ${list}`}\n`
    expect(merged(line(base), line(ours), line(theirs))).toBe(line(result))
  })

  test('in the form that our side has, with the comments of its lines', () => {
    const base = 'blocked_by:\n- WRK-2 # first\n- WRK-3\nx: 1\n'
    const ours = 'blocked_by:\n- WRK-2 # first\n- WRK-3\n- WRK-4\nx: 1\n'
    const theirs = 'blocked_by: [WRK-2, WRK-5]\nx: 2\n'
    expect(merged(base, ours, theirs)).toBe('blocked_by:\n- WRK-2 # first\n- WRK-4\n- WRK-5\nx: 2\n')
  })

  test('but a comment that only the other side has is not lost', () => {
    const base = 'related:\n  - WRK-2\n'
    const { kind, text } = merge(
      file(base),
      file(`${base}  - WRK-3\n`),
      file(`${base}  - WRK-4 # see there\n`),
    )
    expect(kind).toBe('merged')
    expect(text).toContain('  - WRK-3\n  - WRK-4 # see there\n')
    const noted = merge(
      file(base),
      file(`${base}  - WRK-3\n`),
      file('related:\n  - WRK-2 # see there\n  - WRK-4\n'),
    )
    expect(noted.text).toContain('see there')
  })
})

describe('the status goes with when it ended and why it is blocked', () => {
  const at = (hour: number) => `2026-02-01T0${hour}:00:00Z`
  test.each([
    ['pending', 'working', `done\ncompleted_at: ${at(1)}`, `done\ncompleted_at: ${at(1)}`],
    [
      'working',
      `blocked\nblocked_reason: no data`,
      `done\ncompleted_at: ${at(1)}`,
      `done\ncompleted_at: ${at(1)}`,
    ],
    [
      'working',
      `done\ncompleted_at: ${at(1)}`,
      `archived\ncompleted_at: ${at(2)}`,
      `archived\ncompleted_at: ${at(2)}`,
    ],
    [
      'working',
      `done\ncompleted_at: ${at(3)}`,
      `done\ncompleted_at: ${at(2)}`,
      `done\ncompleted_at: ${at(2)}`,
    ],
    ['in_progress', 'in-progress', 'complete', 'complete'],
  ])('%j, with %j here and %j there: %j', (base, ours, theirs, result) => {
    const lines = (text: string) => `status: ${text}\n`
    expect(merged(lines(base), lines(ours), lines(theirs))).toBe(lines(result))
    expect(merged(lines(base), lines(theirs), lines(ours))).toBe(lines(result))
  })

  test.each([
    ['reopened here, archived there', 'done', 'pending', 'archived'],
    ['two different ends', 'working', 'done', 'cancelled'],
    ['two ways to go on', 'pending', 'working', 'blocked'],
    ['cancelled is more than archived', 'pending', 'cancelled', 'archived'],
  ])('%s is for a person', (_, base, ours, theirs) => {
    const lines = (status: string) => file(`status: ${status}\n`)
    const { kind, text } = merge(lines(base), lines(ours), lines(theirs))
    expect(kind).toBe('conflict')
    expect(text).toBe(file(`<<<<<<< ours\nstatus: ${ours}\n=======\nstatus: ${theirs}\n>>>>>>> theirs\n`))
  })

  test('a new status here and a new reason there are not mixed', () => {
    const lines = (status: string, reason: string) => file(`status: ${status}\nblocked_reason: ${reason}\n`)
    const { kind, text } = merge(lines('blocked', 'x'), lines('pending', 'x'), lines('blocked', 'y'))
    expect(kind).toBe('conflict')
    expect(text).toContain('<<<<<<< ours\nstatus: pending\n=======\nstatus: blocked\n>>>>>>> theirs\n')
  })
})

describe('the lock', () => {
  const lock = (by: string, at: string) => `locked_by: "${by}"\nlocked_at: "${at}"\n`
  const [one, two] = ['2026-02-01T01:00:00Z', '2026-02-01T02:00:00Z']
  test.each([
    ['is that of the side that changed it', lock('', ''), lock('a', one), lock('', ''), lock('a', one)],
    ['does not come back that one side gave up', lock('a', one), lock('', ''), lock('a', one), lock('', '')],
    ['is empty where both sides changed it', lock('', ''), lock('a', one), lock('b', two), lock('', '')],
    [
      'is empty where one gave it up and one renewed it',
      lock('a', one),
      lock('', ''),
      lock('a', two),
      lock('', ''),
    ],
    ['is added by one side', '', lock('a', one), '', lock('a', one)],
    ['is added by both', '', lock('a', one), lock('b', two), lock('', '')],
  ])('%s', (_, base, ours, theirs, result) => {
    expect(merged(base, ours, theirs)).toBe(result)
  })
})

describe('times', () => {
  test.each([
    ['updated_at', '2026-01-01', '2026-02-01T10:00:00+02:00', '2026-02-01T09:00:00Z', '2026-02-01T09:00:00Z'],
    ['created_at', '2026-03-01', '2026-02-02', '2026-02-01', '2026-02-01'],
  ])('%s: from %s, %s here and %s there give %s', (key, base, ours, theirs, result) => {
    const line = (time: string) => `${key}: ${time}\n`
    expect(merged(line(base), line(ours), line(theirs))).toBe(line(result))
  })
})

describe('all else is taken from the side that changed it', () => {
  test.each([
    ['a value and a comment on its line', 'p: low # a\n', 'p: high # a\n', 'p: low # b\n', 'p: high # b\n'],
    ['a comment above, a key below', 'p: 1\n', '# why\np: 1\n', 'p: 1\nq: 2\n', '# why\np: 1\nq: 2\n'],
    [
      'keys in one place',
      'p: 1\nz: 1\n',
      'p: 1\na: 1\nb: 1\nz: 1\n',
      'p: 1\nc: 1\nz: 1\n',
      'p: 1\na: 1\nb: 1\nc: 1\nz: 1\n',
    ],
    ['a key that goes', 'p: 1\nq: 1\n', 'p: 1\n', 'p: 2\nq: 1\n', 'p: 2\n'],
    ['keys in another order', 'p: 1\nq: 1\n', 'q: 1\np: 1\n', 'p: 2\nq: 1\n', 'q: 1\np: 2\n'],
    ['the same, written differently', 'p: 1\n', 'p: "x"\n', "p: 'x'\n", 'p: "x"\n'],
    [
      'a list that is written differently and one that is longer',
      'l: [a]\nq: 1\n',
      'l:\n  - a\nq: 2\n',
      'l: [a]\nq: 1\nr: 1\n',
      'l:\n  - a\nq: 2\nr: 1\n',
    ],
    [
      'lines of a text',
      't: |\n  a\n  b\n  c\n  d\n',
      't: |\n  A\n  b\n  c\n  d\n',
      't: |\n  a\n  b\n  c\n  D\n',
      't: |\n  A\n  b\n  c\n  D\n',
    ],
  ])('%s', (_, base, ours, theirs, result) => {
    expect(merged(base, ours, theirs)).toBe(result)
  })

  test.each([
    ['a value', 'p: 1\n', 'p: 2\n', 'p: 3\n'],
    ['a list that is no list of ids', 'tags: [a]\n', 'tags: [a, b]\n', 'tags: [a, c]\n'],
    ['a map', 'm: {a: 1}\n', 'm: {a: 2}\n', 'm: {a: 1, b: 1}\n'],
    ['a key taken out here and changed there', 'p: 1\n', '', 'p: 2\n'],
    ['a key added twice', '', 'p: 1\n', 'p: 2\n'],
  ])('%s: two different changes are a conflict between whole values', (_, base, ours, theirs) => {
    const { kind, text } = merge(file(base), file(ours), file(theirs))
    expect(kind).toBe('conflict')
    expect(text).toBe(file(`<<<<<<< ours\n${ours}=======\n${theirs}>>>>>>> theirs\n`))
  })
})

describe('the text below', () => {
  test('is merged by lines', () => {
    const base = file('p: 1\n')
    const { kind, text } = merge(
      base,
      base.replace('One.', '1.'),
      base.replace('Three.', '3.').replace('p: 1', 'p: 2'),
    )
    expect(kind).toBe('merged')
    expect(text).toBe(file('p: 2\n', '\n# WRK-1\n\n1.\n\nTwo.\n\n3.\n'))
  })

  test('is in conflict where both sides changed the same lines, and the fields are merged all the same', () => {
    const base = file('related: [WRK-2]\n')
    const ours = file('related: [WRK-2, WRK-3]\n', '\nA\nB\n')
    const theirs = file('related: [WRK-2, WRK-4]\n', '\nA\nC')
    expect(merge(base, ours, theirs).text).toBe(
      file('related: [WRK-2, WRK-3, WRK-4]\n', '\nA\n<<<<<<< ours\nB\n=======\nC\n>>>>>>> theirs\n'),
    )
  })

  test('keeps bytes that are not text', () => {
    const base = Buffer.concat([Buffer.from(file('p: 1\n')), Buffer.from([0xff, 0xfe, 0, 10])])
    const changed = (from: string, to: string) =>
      Buffer.from(base.toString('latin1').replace(from, to), 'latin1')
    const result = mergeItem({ base, ours: changed('p: 1', 'p: 2'), theirs: changed('One', 'Eins') })
    expect(result.kind === 'merged' && result.bytes.subarray(-4)).toEqual(Buffer.from([0xff, 0xfe, 0, 10]))
  })

  test('takes no time that grows with the square of its length', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => (i % 3 ? `line ${i}` : ''))
    const text = (change: (line: string, i: number) => string) => file('p: 1\n', lines.map(change).join('\n'))
    const started = performance.now()
    const { kind } = merge(
      text(line => line),
      text((line, i) => (i % 97 === 5 ? `A${i}` : line)),
      text((line, i) => (i % 101 === 50 ? `B${i}` : line)),
    )
    expect(['merged', 'conflict']).toContain(kind)
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

test('an item that both sides added is the same, or a conflict of what differs', () => {
  const own = file('p: 1\nrelated: [WRK-2]\n')
  expect(merge(null, own, own).text).toBe(own)
  const { kind, text } = merge(null, own, file('p: 2\nrelated: [WRK-3]\n'))
  expect(kind).toBe('conflict')
  expect(text).toBe(file('<<<<<<< ours\np: 1\n=======\np: 2\n>>>>>>> theirs\nrelated: [WRK-2, WRK-3]\n'))
})

test.each([
  ['no frontmatter', 'text\n', 'the file has no frontmatter'],
  ['a key twice', file('p: 1\np: 2\n'), 'duplicate key "p", line 4'],
  ['flow form', '---\n{id: WRK-1}\n---\n', 'its keys are not on separate lines'],
  ['an alias', file('a: &x [1]\nb: *x\n'), 'it has aliases'],
])('a file with %s is not merged by its fields', (_, theirs, message) => {
  const result = merge(file('p: 1\n'), file('p: 2\n'), theirs)
  expect(result).toMatchObject({ kind: 'unreadable', side: 'theirs' })
  expect((result as { message: string }).message).toContain(message)
})

test('random histories on two branches end as the table says', () => {
  const ends = new Set<string>()
  fc.assert(
    fc.property(histories, pair => {
      ends.add(checkMerge(pair))
    }),
    { numRuns: 80 },
  )
  expect([...ends].sort()).toEqual(['conflict', 'merged'])
})
