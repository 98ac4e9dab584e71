/** Which item comes first, and why the others do not. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Details, NO_DETAILS } from '../../../src/core/items/details.ts'
import type { ItemKey } from '../../../src/core/items/ids.ts'
import { type Candidate, choose, whyBehind } from '../../../src/core/items/next.ts'

const NOW = new Date('2026-03-01T12:00:00Z')
const today = () => NOW.toISOString().slice(0, 10)
const HERE = { now: NOW, today, machines: ['devbox'] }

const key = (number: number) => `wrk-${number}` as ItemKey
const waitsFor = (...numbers: number[]) => numbers.map(n => ({ text: `WRK-${n}`, key: key(n) }))

function candidate(number: number, more: Partial<Candidate> = {}, details: Partial<Details> = {}): Candidate {
  return {
    key: key(number),
    id: `WRK-${number}`,
    status: 'pending',
    priority: 'medium',
    folder: 'pending',
    closed: false,
    details: { ...NO_DETAILS, ...details },
    problem: null,
    heldBy: null,
    left: null,
    putBack: false,
    ...more,
  }
}

const done = (number: number) => candidate(number, { status: 'done', folder: 'done', closed: true })
const ids = (items: Candidate[]) => choose(items, HERE).ready.map(({ item }) => item.id)
const reasons = (item: Candidate, ...others: Candidate[]) => choose([item, ...others], HERE).reasons(item)

/** Any queue of items with distinct keys. */
const queue = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 15 }).chain(numbers =>
  fc.tuple(
    ...numbers.map(number =>
      fc
        .record({
          priority: fc.constantFrom('critical', 'high', 'P1', 'medium', 'low', 'someday', 'strange', null),
          status: fc.constantFrom('pending', 'pending', 'pending', 'parked', 'working', 'done'),
          waits: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 3 }),
          days: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
          heldBy: fc.constantFrom(null, null, null, 'other'),
        })
        .map(({ priority, status, waits, days, heldBy }) =>
          candidate(
            number,
            { priority, status, heldBy, closed: status === 'done' },
            {
              blockedBy: waitsFor(...waits),
              createdAt: days === null ? null : new Date(NOW.getTime() - days * 86_400_000).toISOString(),
            },
          ),
        ),
    ),
  ),
)

describe('the order', () => {
  test('does not depend on the order in which the items come', () => {
    fc.assert(
      fc.property(
        queue.chain(items =>
          fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length })),
        ),
        ([items, shuffled]) => {
          const one = choose(items, HERE)
          const two = choose(shuffled, HERE)
          expect(two.ready).toEqual(one.ready)
          expect(new Set(two.waiting)).toEqual(new Set(one.waiting))
        },
      ),
    )
  })

  test('is priority, then how many wait for it, then age, then number, at every step', () => {
    fc.assert(
      fc.property(queue, items => {
        const { ready } = choose(items, HERE)
        const rank = ({ rank, unblocks, item }: (typeof ready)[number]) => [
          rank,
          -unblocks,
          Date.parse(item.details.createdAt ?? '9999-01-01'),
          Number(item.key.slice(4)),
        ]
        for (const [i, one] of ready.slice(1).entries()) {
          const [before, after] = [rank(ready[i]!), rank(one)]
          const first = before.findIndex((value, j) => value !== after[j])
          expect(first).toBeGreaterThanOrEqual(0)
          expect(before[first]).toBeLessThan(after[first]!)
        }
      }),
    )
  })

  test('takes each open item once: as ready, or with its reasons', () => {
    fc.assert(
      fc.property(queue, items => {
        const { ready, waiting, reasons } = choose(items, HERE)
        const answer = [...ready.map(({ item }) => item), ...waiting]
        expect(new Set(answer)).toEqual(new Set(items.filter(({ closed }) => !closed)))
        expect(answer).toHaveLength(new Set(answer).size)
        for (const item of waiting) expect(reasons(item)).not.toEqual([])
        for (const { item } of ready) expect(reasons(item)).toEqual([])
      }),
    )
  })

  test('takes none and unknown words of priority for the middle', () => {
    const items = [
      candidate(1, { priority: 'low' }),
      candidate(2, { priority: null }),
      candidate(3, { priority: 'whatever' }),
      candidate(4, { priority: ' HIGH ' }),
      candidate(5, { priority: 'constructor' }),
    ]
    expect(ids(items)).toEqual(['WRK-4', 'WRK-2', 'WRK-3', 'WRK-5', 'WRK-1'])
  })

  test('counts only open items among those that wait, and puts numbers by their size', () => {
    const items = [
      candidate(10),
      candidate(9),
      candidate(3),
      candidate(20, {}, { blockedBy: waitsFor(3) }),
      candidate(21, { closed: true, status: 'done' }, { blockedBy: waitsFor(10) }),
    ]
    expect(ids(items)).toEqual(['WRK-3', 'WRK-9', 'WRK-10'])
  })

  test('puts equal numbers by their prefix, whichever comes first', () => {
    const of = (name: string) => candidate(1, { key: name as ItemKey, id: name })
    for (const items of [
      [of('b-7'), of('a-7')],
      [of('a-7'), of('b-7')],
    ])
      expect(ids(items)).toEqual(['a-7', 'b-7'])
    // The number is what is behind the last dash.
    expect(ids([of('a-10-2'), of('b-1')])).toEqual(['b-1', 'a-10-2'])
  })

  test('says of each ready item why it is ready', () => {
    const made = { createdAt: '2026-01-05' }
    const { ready, waiting, blockers } = choose(
      [
        candidate(1, { priority: 'high' }, made),
        candidate(2),
        candidate(3, {}, { blockedBy: waitsFor(1, 9) }),
      ],
      HERE,
    )
    expect(ready.map(({ item, ...rest }) => [item.id, rest])).toEqual([
      ['WRK-1', { rank: 1, unblocks: 1, age: Date.parse('2026-01-05') }],
      ['WRK-2', { rank: 2, unblocks: 0, age: Number.MAX_SAFE_INTEGER }],
    ])
    expect(blockers(waiting[0]!)).toEqual([
      { text: 'WRK-1', known: true },
      { text: 'WRK-9', known: false },
    ])
    const young = choose(
      [candidate(1, {}, made), candidate(2, {}, { createdAt: '2026-01-06T10:00:00Z' })],
      HERE,
    )
    expect(whyBehind(young.ready[0]!, young.ready[1]!)).toBe('newer: created 2026-01-06')
    const last = choose(
      [candidate(1, { priority: 'high' }), candidate(2, { priority: null }, made)],
      HERE,
    ).ready
    expect(whyBehind(last[0]!, last[1]!)).toBe('lower priority: not set')
    const dated = choose(
      [candidate(1, {}, { createdAt: '2026-01-05T10:00:00Z' }), candidate(2, {}, { createdAt: 'once' })],
      HERE,
    )
    expect(whyBehind(dated.ready[0]!, dated.ready[1]!)).toBe('no creation date')
  })

  test('says what put an item behind the best', () => {
    const day = (n: number) => ({ createdAt: `2026-01-0${n}` })
    const { ready } = choose(
      [
        candidate(1, { priority: 'high' }, day(5)),
        candidate(2, { priority: 'high' }, day(6)),
        candidate(3, { priority: 'high' }),
        candidate(4, { priority: 'low' }, day(1)),
        candidate(5, { priority: 'high' }, day(5)),
        candidate(6, { priority: 'high' }, day(9)),
        candidate(7, {}, { blockedBy: waitsFor(6) }),
      ],
      HERE,
    )
    const [best, ...others] = ready
    expect(best!.item.id).toBe('WRK-6')
    const why = Object.fromEntries(others.map(one => [one.item.id, whyBehind(best!, one)]))
    expect(why['WRK-1']).toBe('blocks fewer items: 0')
    expect(why['WRK-4']).toBe('lower priority: low')
    const first = others[0]!
    expect(first.item.id).toBe('WRK-1')
    expect(whyBehind(first, others[1]!)).toBe('equal, with a higher id')
    expect(whyBehind(first, others[2]!)).toBe('newer: created 2026-01-06')
    expect(whyBehind(first, others[3]!)).toBe('no creation date')
  })
})

describe('ready is what', () => {
  test.each(['parked', 'deferred', 'on-hold', 'On_Hold', 'working', 'blocked', 'in_progress', 'invented'])(
    'is not %s',
    status => {
      expect(ids([candidate(1, { status })])).toEqual([])
      expect(reasons(candidate(1, { status }))[0]).toMatch(/^its status is /)
    },
  )

  test('is pending, by its folder where it has no status', () => {
    expect(ids([candidate(1, { status: null }), candidate(2, { status: null, folder: '' })])).toHaveLength(2)
    const elsewhere = candidate(3, { status: null, folder: 'blocked' })
    expect(ids([elsewhere])).toEqual([])
    expect(reasons(elsewhere)).toEqual(['it is in blocked/'])
  })

  test('waits for nothing: what it waited for is done in all its places, and known', () => {
    const item = candidate(1, {}, { blockedBy: waitsFor(2, 3) })
    expect(ids([item, done(2), done(3)])).toEqual(['WRK-1'])
    expect(ids([item, done(2)])).toEqual([])
    expect(reasons(item, done(2))).toEqual(['waits for WRK-3, which is not in the queue'])
    expect(reasons(item, done(2), candidate(3), done(3))).toEqual(['waits for WRK-3'])
    expect(reasons(item, done(2), done(3), candidate(3))).toEqual(['waits for WRK-3'])
    const vague = candidate(1, {}, { blockedBy: [{ text: 'the licence', key: null }] })
    expect(reasons(vague)).toEqual(['waits for the licence, which is not in the queue'])
  })

  test('does not wait for itself, nor in a circle', () => {
    const [a, b] = [
      candidate(1, {}, { blockedBy: waitsFor(2) }),
      candidate(2, {}, { blockedBy: waitsFor(1) }),
    ]
    expect(ids([a, b])).toEqual([])
    expect(ids([candidate(3, {}, { blockedBy: waitsFor(3) })])).toEqual([])
  })

  test('is for this machine, in any letter case, for any, or for none in particular', () => {
    const on = (...machines: string[]) => candidate(1, {}, { machines })
    for (const item of [on(), on('DevBox'), on('other', 'devbox'), on('any'), on('ANY')])
      expect(ids([item])).toEqual(['WRK-1'])
    expect(ids([on('other')])).toEqual([])
    expect(reasons(on('other', 'third'))).toEqual(['is for other or third, not for this machine (devbox)'])
  })

  test('is for any of the names that this machine goes by, and says them all', () => {
    const here = { now: NOW, today, machines: ['devbox', 'Alias'] }
    const on = (...machines: string[]) => candidate(1, {}, { machines })
    expect(choose([on('alias')], here).ready).toHaveLength(1)
    expect(choose([on('x')], here).reasons(on('x'))).toEqual([
      'is for x, not for this machine (devbox, Alias)',
    ])
    expect(choose([on('any')], here).reasons(on('any'))).toEqual([])
    expect(choose([on('Alias')], here).reasons(on('devBOX'))).toEqual([])
    expect(choose([on('x')], here).reasons(on('x', 'alias'))).toEqual([])
  })

  test('is put off by a day until that day begins here, whatever day it is elsewhere', () => {
    const later = candidate(1, {}, { notBefore: '2026-03-02' })
    const reasonsOn = (day: string) => choose([later], { ...HERE, today: () => day }).reasons(later)
    expect(reasonsOn('2026-03-01')).toEqual(['not before 2026-03-02'])
    expect(reasonsOn('2026-03-02')).toEqual([])
  })

  test('is put off by a date alone, and not by what is not a date', () => {
    expect(ids([candidate(1, {}, { notBefore: '2026-03-02' })])).toEqual([])
    for (const notBefore of ['2026-03-01', 'soon', '', null])
      expect(ids([candidate(1, {}, { notBefore })])).toEqual(['WRK-1'])
    expect(reasons(candidate(1, {}, { notBefore: 'soon' }))).toEqual([])
  })

  test('is not put off, and is begun at the very instant', () => {
    expect(ids([candidate(1, {}, { notBefore: NOW.toISOString() })])).toEqual(['WRK-1'])
    const later = candidate(1, {}, { notBefore: '2026-03-01T12:00:01Z' })
    expect(ids([later])).toEqual([])
    expect(reasons(later)[0]).toMatch(/^not before 2026-03-01T12:00:01Z/)
  })

  test('is sound and free; all reasons are given', () => {
    const item = candidate(
      1,
      { heldBy: 'other', problem: 'line 3: it is broken', status: 'parked' },
      { blockedBy: waitsFor(9) },
    )
    expect(reasons(item)).toEqual([
      'line 3: it is broken',
      'its status is parked',
      'held by other',
      'waits for WRK-9, which is not in the queue',
    ])
  })
})
