/** Cycles and dangling references, against a naive look at what can be reached from where. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockersOf, graphOf, type Node } from '../../../src/core/items/graph.ts'
import type { ItemKey } from '../../../src/core/items/ids.ts'
import { runs } from '../../support/property-runs.ts'

const key = (number: number) => `wrk-${number}` as ItemKey

function node(number: number, waitsFor: readonly number[]): Node {
  const blockedBy = waitsFor.map(n => ({ text: `WRK-${n}`, key: key(n) }))
  return { key: key(number), id: `WRK-${number}`, title: '', closed: false, details: { blockedBy } }
}

const edges = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 11 })), { maxLength: 25 })
const graphFrom = (pairs: readonly (readonly [number, number])[]) =>
  graphOf(
    Array.from({ length: 10 }, (_, i) =>
      node(i, [...new Set(pairs.filter(([from]) => from === i).map(([, to]) => to))]),
    ),
  )

/** Whether one can come from `from` to `to` in one step or more. */
function reaches(pairs: readonly (readonly [number, number])[], from: number, to: number): boolean {
  const seen = new Set<number>()
  const work = [from]
  for (const at of work)
    for (const [a, b] of pairs)
      if (a === at && b < 10 && !seen.has(b)) {
        seen.add(b)
        work.push(b)
      }
  return seen.has(to)
}

describe('cycles', () => {
  test('are found exactly where an item waits for itself, by whatever way', () => {
    fc.assert(
      fc.property(edges, pairs => {
        const { cycles } = graphFrom(pairs)
        const numberOf = (one: ItemKey) => Number(one.slice(4))
        const knots = (n: number) =>
          [...Array(10).keys()].filter(m => reaches(pairs, n, m) && reaches(pairs, m, n))
        for (let n = 0; n < 10; n++) {
          const inCircle = reaches(pairs, n, n)
          // Of several circles that share an item, one is reported.
          const reported = cycles.filter(cycle => cycle.some(one => knots(n).includes(numberOf(one))))
          expect(reported).toHaveLength(inCircle ? 1 : 0)
        }
        for (const cycle of cycles) {
          expect(new Set(cycle).size).toBe(cycle.length)
          for (const [i, one] of cycle.entries()) {
            const next = cycle[(i + 1) % cycle.length]!
            expect(pairs.some(([a, b]) => a === numberOf(one) && b === numberOf(next))).toBe(true)
          }
          expect([...cycle].sort()[0]).toBe(cycle[0])
        }
      }),
      { numRuns: runs(500) },
    )
  })

  test('of one item, of two, and none in a diamond', () => {
    expect(graphOf([node(1, [1])]).cycles).toEqual([['wrk-1']])
    expect(graphOf([node(1, [2]), node(2, [1])]).cycles).toEqual([['wrk-1', 'wrk-2']])
    expect(graphOf([node(1, [2, 3]), node(2, [4]), node(3, [4]), node(4, [])]).cycles).toEqual([])
  })

  test('are looked for in a chain of 20,000 without trouble', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => node(i, i === 0 ? [] : [i - 1]))
    expect(graphOf(chain).cycles).toEqual([])
    expect(graphOf([node(0, [19_999]), ...chain.slice(1)]).cycles[0]).toHaveLength(20_000)
  })
})

test('what is not in the queue is dangling, and dependents are the edges turned around', () => {
  fc.assert(
    fc.property(edges, pairs => {
      const { dangling, dependents } = graphFrom(pairs)
      const distinct = new Set(pairs.map(([a, b]) => `${a} ${b}`))
      const reported = dangling.map(({ item, text }) => `${item.key.slice(4)} ${text.slice(4)}`)
      const kept = [...dependents].flatMap(([to, items]) =>
        items.map(from => `${from.key.slice(4)} ${to.slice(4)}`),
      )
      expect(new Set([...reported, ...kept])).toEqual(distinct)
      expect(reported.every(text => Number(text.split(' ')[1]) >= 10)).toBe(true)
      expect(reported.length + kept.length).toBe(distinct.size)
    }),
  )
})

test('what waits for what, in the order of the queue', () => {
  const [one, two, three] = [node(1, []), node(2, [1, 7]), node(3, [2, 1])]
  const vague: Node = { ...node(4, []), details: { blockedBy: [{ text: 'the licence', key: null }] } }
  const { nodes, dependents, dangling, cycles } = graphOf([one, two, three, vague])
  expect([...nodes]).toEqual([one, two, three, vague].map(item => [item.key, item]))
  expect([...dependents]).toEqual([
    [key(1), [two, three]],
    [key(2), [three]],
  ])
  expect(dangling).toEqual([
    { item: two, text: 'WRK-7' },
    { item: vague, text: 'the licence' },
  ])
  expect(cycles).toEqual([])
  expect(blockersOf(three, nodes)).toEqual([key(2), key(1)])
  expect(blockersOf(two, nodes)).toEqual([key(1)])
  expect(blockersOf(vague, nodes)).toEqual([])
})

test('a cycle is shown by its shortest way, and another beside it by its own', () => {
  // 1 -> 2 -> 3 -> 1, and the short cut 2 -> 1; apart from it 5 <-> 6, which 1 waits for.
  const items = [node(3, [1]), node(2, [3, 1]), node(1, [2, 5]), node(6, [5]), node(5, [6])]
  expect(
    graphOf(items)
      .cycles.map(cycle => cycle.join(' '))
      .sort(),
  ).toEqual(['wrk-1 wrk-2', 'wrk-5 wrk-6'])
})
