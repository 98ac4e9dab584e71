/** What changed between two looks: the changes lead from the one to the other, and an unreadable file frees nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyOfFileName } from '../../../src/core/items/ids.ts'
import {
  type Change,
  changesOf,
  keepKnown,
  type WatchedHolder,
  type WatchedItem,
} from '../../../src/core/watch/watch.ts'

const key = keyOfFileName('WRK-1.md')!

const word = (...words: string[]) => fc.constantFrom(...words)
const holder = fc.record({
  session_id: word('a', 'b'),
  locked_at: word('2026-02-16T19:30:05Z', '2026-02-16T19:40:05Z'),
  expires_at: word('2026-02-16T21:30:05Z', '2026-02-16T21:40:05Z'),
  liveness: fc.constantFrom('alive' as const, 'dead' as const, 'stale' as const, 'unknown' as const),
  reason: word('why'),
  host: fc.constant(null),
  pid: fc.constant(null),
  active_wrk: fc.constant(null),
})
const item = fc.record({
  key: fc.constant(key),
  id: fc.constant('WRK-1'),
  path: word('/q/pending/WRK-1.md', '/q/done/WRK-1.md', '/q/WRK-1.md'),
  title: word('one', 'two'),
  status: fc.option(word('pending', 'done')),
  holder: fc.option(holder),
  problem: fc.option(word('broken')),
  readable: fc.constant(true),
})
const places = fc.uniqueArray(item, { maxLength: 3, selector: ({ path }) => path })

interface State {
  title: string
  status: string | null
  problem: string | null
  by: string | null
  liveness: string | null
}

const stateOf = ({ title, status, problem, holder }: WatchedItem): State => ({
  title,
  status,
  problem,
  by: holder?.session_id ?? null,
  liveness: holder?.liveness ?? null,
})

/** What somebody knows who gets nothing but changes. */
function apply(state: Map<string, State>, { type, item, from, to }: Change): void {
  if (type === 'removed') state.delete(item.path)
  else if (type === 'added')
    state.set(item.path, { ...stateOf(item), problem: null, by: null, liveness: null })
  else if (type === 'moved') {
    state.set(item.path, state.get(from!)!)
    state.delete(from!)
  } else {
    const known = state.get(item.path)!
    if (type === 'status') known.status = to
    if (type === 'title') known.title = to!
    if (type === 'problem') known.problem = to
    if (type === 'claimed' || type === 'takenOver')
      Object.assign(known, { by: to, liveness: item.holder!.liveness })
    if (type === 'released') Object.assign(known, { by: null, liveness: null })
    if (type === 'liveness') known.liveness = to
  }
}

const mapOf = (items: readonly WatchedItem[]) => new Map(items.map(one => [one.path, stateOf(one)]))

describe('changesOf', () => {
  test('reports all that leads from one look to the next', () => {
    fc.assert(
      fc.property(places, places, (before, after) => {
        const state = mapOf(before)
        for (const change of changesOf(before, after)) apply(state, change)
        expect(state).toEqual(mapOf(after))
      }),
    )
  })

  test('reports nothing where nothing changed', () => {
    fc.assert(
      fc.property(places, before => {
        expect(changesOf(before, structuredClone(before))).toEqual([])
      }),
    )
  })

  test('of an item that cannot be read reports nothing but that', () => {
    fc.assert(
      fc.property(item, before => {
        const unreadable = { ...before, title: '', status: null, holder: null, problem: 'x', readable: false }
        const changes = changesOf([before], [keepKnown(unreadable, before)])
        expect(changes.map(({ type }) => type)).toEqual(['problem'])
      }),
    )
  })
})

describe('a change is reported with what it was and what it is:', () => {
  const by = (session_id: string, more: Partial<WatchedHolder> = {}): WatchedHolder => ({
    session_id,
    locked_at: '19:30',
    expires_at: '21:30',
    liveness: 'alive',
    reason: 'it runs',
    host: null,
    pid: null,
    active_wrk: null,
    ...more,
  })
  const at = (path: string, more: Partial<WatchedItem> = {}): WatchedItem => ({
    key,
    id: 'WRK-1',
    path,
    title: 'one',
    status: 'pending',
    holder: null,
    problem: null,
    readable: true,
    ...more,
  })
  const heldBy = (holder: WatchedHolder | null) => [at('a', { holder })]

  test.each<[what: string, before: WatchedItem[], after: WatchedItem[], reported: string[]]>([
    ['nothing of what is not there', [], [], []],
    ['a claim', heldBy(null), heldBy(by('x')), ['claimed null -> x']],
    ['a release', heldBy(by('x')), heldBy(null), ['released x -> null']],
    ['a takeover', heldBy(by('x')), heldBy(by('y', { liveness: 'unknown' })), ['takenOver x -> y']],
    [
      'a lock that was written again',
      heldBy(by('x')),
      heldBy(by('x', { locked_at: '19:20', expires_at: '21:20' })),
      ['renewed 21:30 -> 21:20'],
    ],
    ['a heartbeat', heldBy(by('x')), heldBy(by('x', { expires_at: '21:40' })), ['renewed 21:30 -> 21:40']],
    ['no heartbeat that is withdrawn', heldBy(by('x')), heldBy(by('x', { expires_at: '21:20' })), []],
    [
      'a death, with its reason',
      heldBy(by('x')),
      heldBy(by('x', { liveness: 'dead', reason: 'it is gone' })),
      ['liveness alive -> dead: it is gone'],
    ],
    ['no other reason for the same', heldBy(by('x')), heldBy(by('x', { reason: 'it was heard' })), []],
    [
      'a move first, then what became of the item',
      [at('a')],
      [at('b', { status: 'done', title: 'two', problem: 'broken', holder: by('x') })],
      [
        'moved a -> b',
        'status pending -> done',
        'title one -> two',
        'problem null -> broken',
        'claimed null -> x',
      ],
    ],
    ['a new item', [], [at('a')], ['added null -> a']],
    [
      'a new item with what there is to say of it',
      [],
      [at('a', { problem: 'broken', holder: by('x') })],
      ['added null -> a', 'problem null -> broken', 'claimed null -> x'],
    ],
    ['an item that is gone', [at('a')], [], ['removed a -> null']],
    [
      'a second place of an id',
      [at('a')],
      [at('a', { title: 'two' }), at('b')],
      ['title one -> two', 'added null -> b'],
    ],
    ['one of two places gone', [at('a'), at('b')], [at('b')], ['removed a -> null']],
    [
      'both of two places gone for another',
      [at('a'), at('b')],
      [at('c')],
      ['removed a -> null', 'removed b -> null', 'added null -> c'],
    ],
  ])('%s', (_, before, after, reported) => {
    const changes = changesOf(before, after)
    expect(
      changes.map(
        ({ type, from, to, reason }) => `${type} ${from} -> ${to}${reason === null ? '' : `: ${reason}`}`,
      ),
    ).toEqual(reported)
    for (const { type, item } of changes) expect(type === 'removed' ? before : after).toContain(item)
  })

  test('what cannot be read now is as it was, but for its place and its problem', () => {
    const known = at('a', { id: 'wrk-01', title: 'two', status: 'done', holder: by('x') })
    const unreadable = at('b', { title: '', status: null, problem: 'broken', readable: false })
    expect(keepKnown(unreadable, known)).toEqual({ ...known, path: 'b', problem: 'broken', readable: false })
    expect(keepKnown(unreadable, undefined)).toBe(unreadable)
    expect(keepKnown(at('b'), known)).toEqual(at('b'))
  })
})
