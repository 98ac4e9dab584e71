/** What changed between two looks: the changes lead from the one to the other, and an unreadable file frees nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyOfFileName } from '../../src/core/ids.ts'
import { type Change, changesOf, keepKnown, type WatchedItem } from '../../src/core/watch.ts'

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

/** What somebody knows who is told of nothing but changes. */
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
  test('tells all that leads from one look to the next', () => {
    fc.assert(
      fc.property(places, places, (before, after) => {
        const state = mapOf(before)
        for (const change of changesOf(before, after)) apply(state, change)
        expect(state).toEqual(mapOf(after))
      }),
    )
  })

  test('tells nothing where nothing changed', () => {
    fc.assert(
      fc.property(places, before => {
        expect(changesOf(before, structuredClone(before))).toEqual([])
      }),
    )
  })

  test('of an item that cannot be read tells nothing but that', () => {
    fc.assert(
      fc.property(item, before => {
        const unreadable = { ...before, title: '', status: null, holder: null, problem: 'x', readable: false }
        const changes = changesOf([before], [keepKnown(unreadable, before)])
        expect(changes.map(({ type }) => type)).toEqual(['problem'])
      }),
    )
  })
})
