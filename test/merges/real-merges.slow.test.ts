import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { histories } from '../support/merges/item-histories.ts'
import { checkRealMerge, type How, nothingKept, repositoryForMerges } from '../support/merges/real-merge.ts'

const PAIRS = Number(process.env.WRK_TEST_PAIRS ?? 25)

/** The same pairs in every run; WRK_TEST_SEED tries others. */
const SEED = Number(process.env.WRK_TEST_SEED ?? 20_261_128)

describe.each([
  ['with the driver', true],
  ['without it', false],
] as const)(`${PAIRS} random pairs of histories end as one item after wrk resolve, %s`, (_, driver) => {
  test.each<How>(['merge', 'rebase', 'cherry-pick', 'revert'])('%s', { timeout: 1_200_000 }, async how => {
    const repository = await repositoryForMerges(driver)
    let persons = 0
    await fc.assert(
      fc.asyncProperty(histories, async pair => {
        if (await checkRealMerge(repository, pair, how)) persons++
      }),
      { numRuns: PAIRS, seed: SEED },
    )
    expect(persons).toBeLessThan(PAIRS)
    nothingKept(repository)
  })
})
