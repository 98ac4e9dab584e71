/** The rest of merge-frontmatter.test.ts: what takes too long for every run. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { histories } from '../support/merges/item-histories.ts'
import { checkMerge } from '../support/merges/merge-properties.ts'

test('10,000 random pairs of histories end as the table says', () => {
  const ends = { merged: 0, conflict: 0 }
  fc.assert(
    fc.property(histories, pair => {
      ends[checkMerge(pair)]++
    }),
    { numRuns: 10_000 },
  )
  expect(ends.merged).toBeGreaterThan(1_000)
  expect(ends.conflict).toBeGreaterThan(1_000)
})
