/** What the message of wrk commit says. */
import { expect, test } from 'vitest'
import { type CommittedChange, commitText } from '../../../src/core/commits/commit-text.ts'

const field = (key: string, from: string | null, to: string | null) => ({ key, from, to })
const change = (more: Partial<CommittedChange>, ...fields: ReturnType<typeof field>[]): CommittedChange => {
  return {
    id: 'WRK-1',
    isOwn: true,
    from: 'pending',
    to: 'pending',
    change: { fields, body: false },
    ...more,
  }
}
const subject = (...changes: CommittedChange[]) => commitText(changes).split('\n')[0]

test.each([
  ['started', change({}, field('status', 'pending', 'working'), field('locked_by', null, 'a'))],
  ['done', change({}, field('status', 'working', 'done'), field('completed_at', null, '2026'))],
  ['archived', change({}, field('status', 'done', 'archived'))],
  ['blocked', change({}, field('status', 'working', 'blocked'), field('blocked_reason', null, 'data'))],
  ['unblocked', change({}, field('status', 'blocked', 'pending'))],
  ['reopened', change({}, field('status', 'done', 'pending'))],
  ['claimed by a', change({}, field('locked_by', null, 'a'), field('locked_at', null, '2026'))],
  ['released', change({}, field('locked_by', 'a', null))],
  ['taken over by b', change({}, field('locked_by', 'a', 'b'))],
  ['priority', change({}, field('priority', 'low', 'high'))],
  ['3 fields', change({}, ...['a', 'b', 'c'].map(key => field(key, '1', '2')))],
  ['text', change({ change: { fields: [], body: true } })],
  ['moved', change({ to: 'done' })],
  ['new', change({ from: null })],
  ['removed', change({ to: null })],
])('%s', (what, one) => {
  expect(commitText([one])).toBe(`WRK-1: ${what}\n`)
})

test('the subject is at most 72 characters long, and names no item of another session', () => {
  const many = Array.from({ length: 9 }, (_, i) =>
    change({ id: `WRK-10${i}` }, field('status', 'pending', 'working')),
  )
  expect(subject(...many)).toBe('WRK-100: started; WRK-101: started; WRK-102: started; 6 more')
  const other = change({ id: 'WRK-7', isOwn: false }, field('locked_by', null, 'b'))
  expect(commitText([other])).toBe('Queue: 1 item\n\n- WRK-7: claimed by b\n')
  expect(commitText([change({}, field('priority', 'low', 'high')), other])).toBe(
    'WRK-1: priority\n\n- WRK-1: priority\n- WRK-7: claimed by b\n',
  )
  expect(subject(change({ id: `WRK-${'1'.repeat(80)}` }, field('priority', 'a', 'b')))).toHaveLength(84)
})
