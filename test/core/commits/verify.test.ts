/** What may be committed, as a pure decision; and what commit messages name. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Lock } from '../../../src/core/claims/lock.ts'
import {
  isMergeSubject,
  itemsNamed,
  LONGEST_MESSAGE,
  readMessage,
} from '../../../src/core/commits/commit-message.ts'
import { judgeStaged, type StagedChange, type TrueLock } from '../../../src/core/commits/verify.ts'
import type { ItemKey } from '../../../src/core/items/ids.ts'
import { withoutKeys } from '../../../src/markdown/edit/without.ts'
import { loadFullReader, readFrontmatter } from '../../../src/markdown/frontmatter.ts'
import { item } from '../../support/items.ts'

const at = new Date('2026-02-16T19:30:05Z')
const later = new Date('2026-02-16T20:30:05Z')
const mine: Lock = { by: 'me', at }
const theirs: Lock = { by: 'they', at }
const isMine = (holder: string) => holder === 'me' || holder.startsWith('me/')

function judge(change: Partial<StagedChange>, truth: Partial<TrueLock> = {}) {
  return judgeStaged(
    { changed: false, deleted: false, lock: null, committed: [null], ...change },
    { lock: null, ownership: 'free', lost: false, ...truth },
    isMine,
  )
}

describe('a staged change', () => {
  const held: Partial<TrueLock> = { lock: theirs, ownership: 'other' }
  const own: Partial<TrueLock> = { lock: mine, ownership: 'mine' }
  test.each<[what: string, verdict: string, change: Partial<StagedChange>, truth: Partial<TrueLock>]>([
    ['of a free item', 'allowed', { changed: true }, {}],
    ['of one’s own item', 'allowed', { changed: true, lock: mine }, own],
    ['of another’s item', 'held', { changed: true, lock: theirs }, held],
    ['that deletes another’s item', 'held', { changed: true, deleted: true }, held],
    ['of a dead session’s item', 'allowed', { changed: true }, { lock: theirs, ownership: 'over' }],
    ['of a lost item', 'superseded', { changed: true, lock: mine }, { ...held, lost: true }],
    ['of a lost item that is free again', 'superseded', { changed: true }, { lost: true }],
    ['that commits another’s lock as it stands', 'allowed', { lock: theirs }, held],
    ['that commits a release', 'allowed', { committed: [theirs] }, {}],
    ['that commits an outdated lock', 'alters', { lock: theirs }, {}],
    [
      'that commits another time of the lock',
      'alters',
      { lock: { ...theirs, at: later }, committed: [theirs] },
      held,
    ],
    ['that takes another’s lock', 'takes', { lock: mine, committed: [theirs] }, held],
    ['that takes a lock that was never committed', 'takes', { lock: mine }, held],
    ['that drops another’s lock', 'drops', { committed: [theirs] }, held],
    ['that takes the lock, when it was lost', 'superseded', { lock: mine }, { ...held, lost: true }],
    ['that takes over truly', 'allowed', { lock: mine, committed: [theirs] }, own],
    ['that drops one’s own lock', 'allowed', { committed: [mine] }, own],
    [
      'that has one’s own lock of another time',
      'allowed',
      { lock: mine },
      { lock: { by: 'me', at: later }, ownership: 'mine' },
    ],
    ['that has the lock of one’s helper', 'allowed', { lock: { by: 'me/helper', at } }, own],
    ['that a merge brings in', 'allowed', { lock: theirs, committed: [null, theirs] }, {}],
  ])('%s: %s', (_, verdict, change, truth) => {
    expect(judge(change, truth)).toBe(verdict)
  })

  test('knows a lock by its holder and time, wherever it was read', () => {
    const copy = (one: Lock): Lock => ({ by: one.by, at: one.at && new Date(one.at) })
    expect(judge({ lock: copy(theirs) }, held)).toBe('allowed')
    expect(judge({ lock: copy(theirs), committed: [theirs] }, {})).toBe('allowed')
    const timeless: Lock = { by: 'they', at: null }
    expect(judge({ lock: copy(timeless) }, { lock: timeless, ownership: 'other' })).toBe('allowed')
    expect(judge({ lock: copy(timeless) }, held)).toBe('alters')
  })

  const lock = fc.option(
    fc.record({
      by: fc.constantFrom('me', 'me/helper', 'they', 'them'),
      at: fc.constantFrom(at, later, null),
    }),
  )
  const truth = fc.record<TrueLock>({
    lock,
    ownership: fc.constantFrom<TrueLock['ownership']>('free', 'mine', 'other', 'over'),
    lost: fc.boolean(),
  })
  const committed = fc.tuple(lock, lock)

  test('that changes more than the lock of an item of another living session is never allowed', () => {
    fc.assert(
      fc.property(lock, committed, truth, fc.boolean(), (staged, before, stands, deleted) => {
        const change: StagedChange = {
          changed: true,
          deleted,
          lock: deleted ? null : staged,
          committed: before,
        }
        expect(judgeStaged(change, { ...stands, ownership: 'other' }, isMine)).not.toBe('allowed')
      }),
    )
  })

  test('that only has the lock as it is, or as it was committed, is always allowed', () => {
    fc.assert(
      fc.property(committed, truth, fc.boolean(), (before, stands, asCommitted) => {
        const staged = asCommitted ? before[1] : stands.lock
        expect(
          judgeStaged({ changed: false, deleted: false, lock: staged, committed: before }, stands, isMine),
        ).toBe('allowed')
      }),
    )
  })

  test('never leaves another’s lock other than it is', () => {
    fc.assert(
      fc.property(lock, lock, truth, (staged, before, stands) => {
        const verdict = judgeStaged(
          { changed: false, deleted: false, lock: staged, committed: [before] },
          stands,
          isMine,
        )
        const same = (one: Lock | null, two: Lock | null) => JSON.stringify(one) === JSON.stringify(two)
        const isOthers = (one: Lock | null) => one !== null && !isMine(one.by)
        if (!same(staged, before) && !same(staged, stands.lock) && (isOthers(staged) || isOthers(before)))
          expect(verdict).not.toBe('allowed')
      }),
    )
  })
})

describe('two copies that differ only in the lock are the same without it', async () => {
  const full = await loadFullReader()
  const content = (text: string) => {
    const bytes = Buffer.from(text)
    const found = readFrontmatter(bytes, full)
    if (found.kind !== 'ok') throw new Error(found.kind)
    return withoutKeys(bytes, found, new Set(['locked_by', 'locked_at'])).toString()
  }
  const without = item('WRK-1', { locked_by: null, locked_at: null })

  test.each([
    ['empty', item('WRK-1')],
    ['held', item('WRK-1', { locked_by: '"a"', locked_at: '"2026-02-16T19:30:05Z"  # since' })],
    ['first', without.replace('---\n', '---\nlocked_at:\nlocked_by: x\n')],
    ['apart', without.replace('title', 'locked_by: x\ntitle').replace('related', 'locked_at: y\nrelated')],
  ])('%s', (_, text) => {
    expect(content(text)).toBe(without)
    expect(content(text.replaceAll('\n', '\r\n'))).toBe(without.replaceAll('\n', '\r\n'))
    expect(content(`\uFEFF${text}`)).toBe(`\uFEFF${without}`)
    expect(content(`${text}more`)).not.toBe(without)
  })

  test('indented', () => {
    expect(content('---\n  id: A\n  locked_by: x\n  locked_at: y\n---\n')).toBe('---\n  id: A\n---\n')
  })

  test('but not in flow form, where a lock has no lines of its own', () => {
    const text = '---\n{id: A, locked_by: x,\n locked_at: y, title: b}\n---\n'
    expect(content(text)).toBe(text)
  })
})

describe('a commit message', () => {
  const queue = new Set(['wrk-1', 'wrk-157', 'workspace-hub-1311'])
  const named = (text: string) =>
    itemsNamed(text, key => queue.has(key)).map(({ key, column }) => `${key}@${column}`)

  test.each([
    ['WRK-157: x, wrk-0157 again', ['wrk-157@1']],
    ['feat(WRK-157): workspace-hub#1311', ['wrk-157@6', 'workspace-hub-1311@16']],
    ['feature/fix-WRK-157-tides and WRK-157.md', ['wrk-157@9']],
    ['see.WRK-1', ['wrk-1@1']],
    ['WRK-1570 XWRK-157 WRK-157x WRK_157 WRK 157 #157 157 utf-8', []],
  ])('%j names %j', (text, items) => {
    expect(named(text)).toEqual(items)
  })

  test('has a subject, and a body behind it', () => {
    expect(readMessage('\r\n# no\r\n  a subject  \r\n\r\nbody\r\n# no\r\n', '#')).toEqual({
      subject: '  a subject',
      line: 3,
      body: '\nbody\n\n',
    })
    expect(readMessage('# only this', '#')).toEqual({ subject: '', line: 0, body: '' })
    expect(readMessage(' \t\na subject\nbody', ';')).toEqual({ subject: 'a subject', line: 2, body: 'body' })
    expect(readMessage('a subject', '#')).toMatchObject({ subject: 'a subject', line: 1 })
    expect(readMessage(`${'\n'.repeat(LONGEST_MESSAGE)}a subject`, '#').line).toBe(0)
  })

  test('ends where git commit --verbose shows the diff', () => {
    const cut = '; ------------------------ >8 ------------------------'
    const diff = '; Do not touch the line above.\ndiff --git a/WRK-1.md b/WRK-1.md\n'
    expect(readMessage(`a subject\n\nbody\n${cut}\n${diff}`, ';').body.trim()).toBe('body')
    expect(readMessage(`${cut}\n${diff}`, ';').line).toBe(0)
  })

  test.each([
    ["Merge branch 'WRK-1' into x", true],
    ["Merge branches 'WRK-1' and 'WRK-2'", true],
    ["Merge remote-tracking branch 'origin/WRK-1'", true],
    ["Merge remote-tracking branches 'origin/WRK-1' and 'origin/WRK-2'", true],
    ["Merge tag 'WRK-1'", true],
    ["Merge tags 'WRK-1' and 'WRK-2'", true],
    ["Merge commit 'WRK-1'", true],
    ["Merge commits 'WRK-1' and 'WRK-2'", true],
    ['Merge pull request #1 from me/WRK-1', true],
    ['Merge two functions', false],
    ['Merge branchless code', false],
    ['Explain: Merge branch x', false],
  ])('has a subject that git wrote for a merge, or not: %s', (subject, isMerge) => {
    expect(isMergeSubject(subject)).toBe(isMerge)
  })

  test('that is long and strange takes no time', () => {
    const begin = performance.now()
    for (const text of ['a-', 'a.', 'a', '-1', 'a-1 ', '#', 'a-a-a-a-a-a-a '])
      itemsNamed(readMessage(text.repeat(200_000), '#').subject, () => false)
    expect(performance.now() - begin).toBeLessThan(5_000)
  })

  test('only ever names what the queue has', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'WRKwrk-#.157 /') }), text => {
        for (const { key } of itemsNamed(text, key => queue.has(key)))
          expect(queue.has(key as ItemKey)).toBe(true)
      }),
    )
  })
})
