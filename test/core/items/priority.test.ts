/** The words for how urgent an item is. */
import { describe, expect, test } from 'vitest'
import { knownRank, priorityRank, unknownPriority } from '../../../src/core/items/priority.ts'

describe('a priority', () => {
  test.each([
    [0, 'critical urgent highest blocker p0 0'],
    [1, 'high p1 1'],
    [2, 'medium normal moderate p2 2'],
    [3, 'low minor p3 3'],
    [4, 'lowest trivial someday p4 4'],
  ])('of rank %i: %s', (rank, words) => {
    for (const word of words.split(' '))
      for (const written of [word, word.toUpperCase(), ` ${word} `]) {
        expect(knownRank(written)).toBe(rank)
        expect(priorityRank(written)).toBe(rank)
      }
  })

  test.each([null, '', 'soonish', 'constructor', '__proto__', 'p5', '5', '-1', '1.0'])(
    '%j is not known, and in the middle',
    word => {
      expect(knownRank(word)).toBeNull()
      expect(priorityRank(word)).toBe(2)
    },
  )
})

test('an unknown priority is reported with what is near, and what it counts as', () => {
  expect(unknownPriority('hihg')).toMatch(
    /^unknown priority "hihg"\. Did you mean high\? It counts as medium\.$/,
  )
  expect(priorityRank('hihg')).toBe(priorityRank('medium'))
})
