/** A few of the pairs that real-merges.slow.test.ts tries many of. */
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { histories } from '../support/merges/item-histories.ts'
import { checkRealMerge, type How, nothingKept, repositoryForMerges } from '../support/merges/real-merge.ts'

describe.each([
  ['with the driver', true],
  ['without it', false],
] as const)('random histories end as one item after wrk resolve, %s', (_, driver) => {
  test.each<How>(['merge', 'rebase', 'cherry-pick', 'revert'])('%s', async how => {
    const repository = await repositoryForMerges(driver)
    await fc.assert(
      fc.asyncProperty(histories, async pair => {
        await checkRealMerge(repository, pair, how)
      }),
      { seed: 20_261_129, numRuns: 1, endOnFailure: true },
    )
    nothingKept(repository)
  })
})
