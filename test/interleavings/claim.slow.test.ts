/**
 * Every interleaving of claims: production code, from the operation `claim` down to each operation of the disk,
 * run by a search through all orders in which the steps of several processes can come (search.ts), on a file system
 * that resolves paths and acts on what they led to in two steps (model-disk.ts). What must hold is in claims.ts.
 *
 * Covered: one item that is free, held, stale or a dead session's; two processes in all interleavings, three in all
 * with at most two interruptions (a process that could go on is left for another), any of them stopping for ever
 * before any step; guard holders judged rightly, and arbitrarily taken for dead, which stands for guards that are
 * too old as well; the next claim after everything that a stop of all can leave behind.
 *
 * Bounded: with right verdicts each process tries twice to get a guard, with wrong ones once (which includes revoking
 * and trying again), then it ends BUSY. Two attempts with wrong verdicts: three interruptions; numbers of files
 * that are given again: two.
 *
 * With WRK_INTERLEAVINGS=all (`npm run test:interleavings`, half an hour): three processes in all interleavings, with
 * wrong verdicts three interruptions; two processes without the bounds on interruptions; the first use of a queue;
 * and the reductions (search.ts) checked against a search that makes every operation a step of its own.
 *
 * Archiving and its two steps: archive.slow.test.ts.
 *
 * Not covered: what a process does before and after the item's guard is made in one step each (register, event log,
 * registry; the log's own guard is the same code); loss of power; failing disks; programs that do not know the guard;
 * network file systems; Windows.
 *
 * A new scenario is a program in `PROGRAMS` and what it may do in `Claims`, both in claims.ts.
 */
import { describe, expect, test, vi } from 'vitest'
import type { Mutation } from './claimer.ts'
import { interleave, type Rule, type Setting, type Standing } from './claims.ts'
import { ALL, expectNone, search, TIMEOUT } from './expect.ts'
import { notFenced, publishedEmpty, readBeforeGuard, slotInsideGuard, slotMadeAgain } from './mutations.ts'

// A process without an identity must not find the one that runs the tests.
vi.mock('../../src/system/ancestors.ts', () => ({
  processContext: () => ({ ancestors: [], terminal: null }),
  agentOfCommand: () => null,
}))

const STANDINGS: Standing[] = ['free', 'held', 'stale', 'dead']
const TWO = ['claim', 'claim'] as const
const THREE = ['claim', 'claim', 'claim'] as const

describe('all interleavings of two claims', () => {
  test.each(STANDINGS)(
    'of a %s item, holders of guards judged rightly',
    async standing => {
      await expectNone(`two, ${standing}`, { standing, processes: TWO, attempts: 2, verdicts: 'right' })
    },
    TIMEOUT,
  )

  test.each(STANDINGS)(
    'of a %s item, any holder of a guard taken for dead at any time',
    async standing => {
      await expectNone(`two, ${standing}, wrong verdicts`, {
        standing,
        processes: TWO,
        attempts: 1,
        verdicts: 'wrong',
      })
    },
    TIMEOUT,
  )

  test(
    'the same, with those that were revoked starting over',
    async () => {
      const bound = ALL ? {} : { preemptions: 3 }
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 2, verdicts: 'wrong', ...bound }
      await expectNone('two, free, wrong verdicts, two attempts', setting)
    },
    TIMEOUT,
  )

  test(
    'any holder of the item taken for dead as well: who takes it over has judged the lock that goes',
    async () => {
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 1, verdicts: 'wrongLocks' }
      const { endings } = await expectNone('two, free, wrong verdicts on sessions too', setting)
      expect([...endings].some(ending => ending.endsWith('a:a b:b '))).toBe(true)
    },
    TIMEOUT,
  )

  test(
    'of a free item, every operation a step, and the numbers of removed files given to new ones',
    async () => {
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 1, verdicts: 'wrong' }
      const bound = ALL ? {} : { preemptions: 2 }
      await expectNone('two, free, wrong verdicts, numbers given again', {
        ...setting,
        ...bound,
        reduced: false,
        reuse: true,
      })
    },
    TIMEOUT,
  )

  test(
    'exactly one wins a free item, when nobody stops',
    async () => {
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 2, verdicts: 'right' }
      const { endings } = await interleave(setting)
      const calm = [...endings].filter(ending => !ending.includes('stopped') && !ending.includes('BUSY'))
      // The first to begin is called a (Options.twins).
      expect(calm).toEqual(['finished granted, finished held, a:a '])
    },
    TIMEOUT,
  )
})

describe('interleavings of three claims', () => {
  const bound = ALL ? {} : { preemptions: 2 }
  test.each(STANDINGS)(
    'of a %s item, holders of guards judged rightly',
    async standing => {
      const setting: Setting = { standing, processes: THREE, attempts: 2, verdicts: 'right', ...bound }
      await expectNone(`three, ${standing}`, setting)
    },
    TIMEOUT,
  )

  test.each(['free', 'dead'] as const)(
    'of a %s item, any holder of a guard taken for dead at any time',
    async standing => {
      const setting: Setting = {
        standing,
        processes: THREE,
        attempts: 1,
        verdicts: 'wrong',
        preemptions: ALL ? 3 : 2,
      }
      await expectNone(`three, ${standing}, wrong verdicts`, setting)
    },
    TIMEOUT,
  )
})

describe('interleavings of a claim with others', () => {
  test(
    'a release by a stranger and a claim without an identity change nothing',
    async () => {
      for (const standing of ['free', 'held'] as const) {
        const processes = ['claim', 'stranger', 'nameless'] as const
        await expectNone(`claim, stranger, nameless, ${standing}`, {
          standing,
          processes,
          attempts: 2,
          verdicts: 'right',
        })
      }
    },
    TIMEOUT,
  )

  test(
    'a release by the holder',
    async () => {
      const processes = ['claim', 'release'] as const
      await expectNone('claim and release', { standing: 'held', processes, attempts: 2, verdicts: 'right' })
      await expectNone('claim and release, wrong verdicts', {
        standing: 'held',
        processes,
        attempts: 1,
        verdicts: 'wrong',
      })
    },
    TIMEOUT,
  )
})

describe('a protocol that is broken on purpose is found out', () => {
  test.each<[string, Mutation, Setting['verdicts'], Rule]>([
    ['the slot made inside the published guard', slotInsideGuard, 'right', '4'],
    ['the slot opened with O_CREAT', slotMadeAgain, 'wrong', '4'],
    ['the item renamed into place before it is written', publishedEmpty, 'right', '3'],
    ['the item published from outside the guard', notFenced, 'wrong', '4'],
    ['the item read before the guard is taken', readBeforeGuard, 'right', '2'],
  ])(
    '%s',
    async (what, mutation, verdicts, rule) => {
      const setting: Setting = {
        standing: 'free',
        processes: TWO,
        attempts: 2,
        verdicts,
        mutation,
        only: [rule],
      }
      const { violation } = await search(what, setting)
      expect(violation?.message).toMatch(new RegExp(`^${rule}: `))
      expect(violation!.trace.length).toBeGreaterThan(5)
    },
    TIMEOUT,
  )
})

describe.runIf(ALL)('the long way', () => {
  test.each(STANDINGS)(
    'two claims of a %s item, wrong verdicts, two attempts',
    async standing => {
      const setting: Setting = { standing, processes: TWO, attempts: 2, verdicts: 'wrong' }
      await expectNone(`two, ${standing}, wrong verdicts, two attempts`, setting)
    },
    TIMEOUT,
  )

  test(
    'two claims at the first use of a queue',
    async () => {
      const setting: Setting = {
        standing: 'free',
        processes: TWO,
        attempts: 1,
        verdicts: 'right',
        firstUse: true,
      }
      await expectNone('two, first use', setting)
    },
    TIMEOUT,
  )

  test(
    'every operation a step of its own comes to the same endings',
    async () => {
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 1, verdicts: 'right' }
      const few = await interleave(setting)
      const many = await expectNone('two, free, every operation a step', { ...setting, reduced: false })
      // The reduced search has the first to begin called a.
      const swapped = [...few.endings].map(ending => {
        const [a, b, note] = ending.split(', ') as [string, string, string]
        return [b, a, note.replace(/[ab]/g, name => (name === 'a' ? 'b' : 'a'))].join(', ')
      })
      expect([...many.endings].sort()).toEqual([...new Set([...few.endings, ...swapped])].sort())
    },
    TIMEOUT,
  )
})
