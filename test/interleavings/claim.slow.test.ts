/**
 * Every interleaving of claims: production code, from the operation `claim` down to each operation of the disk,
 * run by a search through all orders in which the steps of several processes can come (search.ts), on a file system
 * that resolves paths and acts on what they led to in two steps (model-disk.ts). What must hold is in claims.ts.
 *
 * Covered: one item that is free, held, stale or a dead session's, by its record; two processes with at most two
 * interruptions (a process that could go on is left for another), three with one, any of them stopping for ever before
 * any step, its session with it or outliving it; an outsider who at any moment puts old bytes in place of the item, as
 * git does, or removes it; guard holders judged rightly, and arbitrarily taken for dead, which stands for guards that
 * are too old as well; the next claim after everything that a stop of all can leave behind.
 *
 * Bounded: with right verdicts each process tries twice to get a guard, with wrong ones once (which includes revoking
 * and trying again), then it ends BUSY.
 *
 * With WRK_INTERLEAVINGS=all (`npm run test:interleavings`): one interruption more each; the first use of a queue; and
 * the reductions (search.ts) checked against a search that makes every operation a step of its own.
 *
 * Archiving and its two steps: archive.slow.test.ts.
 *
 * Not covered: what a process does before and after the item's guard is made in one step each (register, event log,
 * registry; the log's own guard is the same code); loss of power; failing disks; an outsider who comes twice; network
 * file systems; Windows.
 *
 * A new scenario is a program in `PROGRAMS` and what it may do in `Claims`, both in claims.ts.
 */
import { describe, expect, test, vi } from 'vitest'
import type { Mutation } from './claimer.ts'
import { interleave, type Rule, type Setting, type Standing } from './claims.ts'
import { ALL, expectNone, search, TIMEOUT } from './expect.ts'
import {
  displayNotFenced,
  givenUpUnnoted,
  notFenced,
  publishedEmpty,
  readBeforeGuard,
  recordReadBeforeGuard,
  shownFirst,
  slotInsideGuard,
  slotMadeAgain,
} from './mutations.ts'

// A process without an identity must not find the one that runs the tests.
vi.mock('../../src/system/processes/ancestors.ts', () => ({
  processContext: () => ({ ancestors: [], terminal: null }),
  nearestAbove: () => null,
  agentOfCommand: () => null,
}))

const STANDINGS: Standing[] = ['free', 'held', 'stale', 'dead']
const TWO = ['claim', 'claim'] as const
const THREE = ['claim', 'claim', 'claim'] as const
const OF_TWO = { preemptions: ALL ? 3 : 2 }
const OF_THREE = { preemptions: ALL ? 2 : 1 }

describe('interleavings of two claims', () => {
  test.each(STANDINGS)(
    'of a %s item, holders of guards judged rightly',
    async standing => {
      await expectNone(`two, ${standing}`, {
        standing,
        processes: TWO,
        attempts: 2,
        verdicts: 'right',
        ...OF_TWO,
      })
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
        ...OF_TWO,
      })
    },
    TIMEOUT,
  )

  test(
    'the same, with those that were revoked starting over',
    async () => {
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 2, verdicts: 'wrong', ...OF_TWO }
      await expectNone('two, free, wrong verdicts, two attempts', setting)
    },
    TIMEOUT,
  )

  test(
    'any holder of the item taken for dead as well: who takes it over has judged the lock that goes',
    async () => {
      const setting: Setting = {
        standing: 'free',
        processes: TWO,
        attempts: 1,
        verdicts: 'wrongLocks',
        ...OF_TWO,
      }
      const { endings } = await expectNone('two, free, wrong verdicts on sessions too', setting)
      expect([...endings].some(ending => ending.endsWith('a:a b:b '))).toBe(true)
    },
    TIMEOUT,
  )

  test(
    'of a free item, every operation a step, and the numbers of removed files given to new ones',
    async () => {
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 1, verdicts: 'wrong' }
      const bound = { preemptions: ALL ? 2 : 1 }
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
      const setting: Setting = { standing: 'free', processes: TWO, attempts: 2, verdicts: 'right', ...OF_TWO }
      const { endings } = await interleave(setting)
      const calm = [...endings].filter(ending => !ending.includes('stopped') && !ending.includes('BUSY'))
      // The first to begin is called a (Options.twins).
      expect(calm).toEqual(['finished granted, finished held, a:a '])
    },
    TIMEOUT,
  )
})

describe('interleavings of three claims', () => {
  test.each(STANDINGS)(
    'of a %s item, holders of guards judged rightly',
    async standing => {
      const setting: Setting = { standing, processes: THREE, attempts: 2, verdicts: 'right', ...OF_THREE }
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
        ...OF_THREE,
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
          ...OF_THREE,
        })
      }
    },
    TIMEOUT,
  )

  test.each<[string, Pick<Setting, 'verdicts' | 'outlives' | 'attempts'>]>([
    ['judged rightly', { verdicts: 'right', attempts: 2 }],
    [
      'judged rightly, of sessions that outlive their processes',
      { verdicts: 'right', outlives: true, attempts: 2 },
    ],
    [
      'taken for dead, of sessions that outlive their processes',
      { verdicts: 'wrong', outlives: true, attempts: 1 },
    ],
  ])(
    'a release by the holder, holders of guards %s',
    async (what, setting) => {
      const processes = ['claim', 'release'] as const
      await expectNone(`claim and release, ${what}`, { standing: 'held', processes, ...setting, ...OF_TWO })
    },
    TIMEOUT,
  )
})

type Parties = Pick<Setting, 'standing' | 'processes' | 'verdicts' | 'preemptions'>

/** Who is at work when git puts the committed file back, or one with an old lock, or takes it away. */
const WITH_OUTSIDER: Parties[] = [
  { standing: 'free', processes: ['claim', 'putsOld'], verdicts: 'right' },
  { standing: 'free', processes: ['claim', 'putsFree'], verdicts: 'right' },
  { standing: 'free', processes: ['claim', 'removes'], verdicts: 'right' },
  { standing: 'held', processes: ['claim', 'putsFree'], verdicts: 'right' },
  { standing: 'held', processes: ['release', 'putsFree'], verdicts: 'right' },
  { standing: 'held', processes: ['release', 'putsOld'], verdicts: 'right' },
  { standing: 'held', processes: ['release', 'removes'], verdicts: 'right' },
  { standing: 'free', processes: ['claim', 'claim', 'putsOld'], verdicts: 'right', ...OF_TWO },
  { standing: 'dead', processes: ['claim', 'claim', 'putsFree'], verdicts: 'right', ...OF_THREE },
  { standing: 'held', processes: ['claim', 'release', 'putsFree'], verdicts: 'right', ...OF_TWO },
  { standing: 'held', processes: ['claim', 'release', 'putsOld'], verdicts: 'wrong', ...OF_THREE },
]

describe('interleavings with an outsider, who knows no guard', () => {
  test.each(
    WITH_OUTSIDER.flatMap(parties =>
      [false, true].map(outlives => {
        const { processes, standing, verdicts } = parties
        const what = `${processes.join(' + ')}, ${standing}, ${verdicts} verdicts`
        return [`${what}${outlives ? ', sessions live on' : ''}`, { ...parties, outlives }] as const
      }),
    ),
  )(
    '%s',
    async (what, parties) => {
      await expectNone(what, { ...parties, attempts: parties.verdicts === 'right' ? 2 : 1 })
    },
    TIMEOUT,
  )
})

describe('a protocol that is broken on purpose is found out', () => {
  test.each<[string, Mutation, Setting['verdicts'], Rule]>([
    ['the slots made inside the published guard', slotInsideGuard, 'right', '4'],
    ['the slot opened with O_CREAT', slotMadeAgain, 'wrong', '4'],
    ['the record renamed into place before it is written', publishedEmpty, 'right', '3'],
    ['both published from outside the guard', notFenced, 'wrong', '4'],
    ['the lock shown in the file from outside the guard', displayNotFenced, 'wrongLocks', '1'],
    ['the lock shown in the file before it is recorded', shownFirst, 'right', '1'],
    ['the item read before the guard is taken', readBeforeGuard, 'right', '2'],
    ['the record read before the guard is taken', recordReadBeforeGuard, 'right', '2'],
  ])(
    '%s',
    async (what, mutation, verdicts, rule) => {
      const setting: Setting = {
        standing: mutation === recordReadBeforeGuard ? 'dead' : 'free',
        processes: TWO,
        attempts: 2,
        verdicts,
        mutation,
        only: [rule],
        preemptions: 3,
      }
      const { violation } = await search(what, setting)
      expect(violation?.message).toMatch(new RegExp(`^${rule}: `))
      expect(violation!.trace.length).toBeGreaterThan(5)
    },
    TIMEOUT,
  )

  test(
    'an item that is given up without a note of it, by a process that its session outlives',
    async () => {
      const setting: Setting = {
        standing: 'held',
        processes: ['release', 'claim'],
        attempts: 2,
        verdicts: 'right',
        outlives: true,
        mutation: givenUpUnnoted,
        only: ['3'],
        preemptions: 2,
      }
      const { violation } = await search('given up without a note', setting)
      expect(violation?.message).toBe('3: the next claim ends with held, not granted')
    },
    TIMEOUT,
  )
})

describe.runIf(ALL)('the long way', () => {
  test.each(STANDINGS)(
    'two claims of a %s item, wrong verdicts, two attempts',
    async standing => {
      const setting: Setting = { standing, processes: TWO, attempts: 2, verdicts: 'wrong', ...OF_TWO }
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
        preemptions: 2,
      }
      await expectNone('two, first use', setting)
    },
    TIMEOUT,
  )

  test(
    'every operation a step of its own comes to the same endings',
    async () => {
      const setting: Setting = {
        standing: 'free',
        processes: TWO,
        attempts: 1,
        verdicts: 'right',
        preemptions: 2,
      }
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
